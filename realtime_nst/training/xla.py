"""The fast network through JAX's XLA: what a GPU can do with it where TensorFlow is not to be had.

    KERAS_BACKEND=jax python -m realtime_nst.training.xla RUN

RUN holds the network's weights (`python -m realtime_nst.training.restore` makes one of what ships). The whole way of a
frame runs on the device, as TensorFlowFast's does, uint8 in and out.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from statistics import median

import click
import jax
import jax.numpy as jnp
import keras
import numpy as np

from realtime_nst.sources.demo import Scene
from realtime_nst.training.network import build_transform
from realtime_nst.training.train import load_networks, scaled

ROUNDS = 5


def seconds_each(call: Callable[[int], object], seconds: float) -> float:
    """Seconds that a call takes when as many as take `seconds` are given to the device one after the other: the median
    of some such rounds."""

    def round_of(times: int) -> float:
        began = time.perf_counter()
        for number in range(times):
            last = call(number)
        jax.block_until_ready(last)
        return (time.perf_counter() - began) / times

    round_of(2)
    times = max(3, int(seconds / round_of(3)))
    return median(round_of(times) for _ in range(ROUNDS))


def product_tflops(dtype: str, side: int, seconds: float) -> float:
    """10^12 operations a second in a matrix product of random numbers; in float32 as XLA multiplies it by default."""
    one, other = (
        jax.random.normal(key, (side, side), jnp.float32).astype(dtype) for key in jax.random.split(jax.random.key(0))
    )
    product = jax.jit(jnp.matmul)
    return 2e-12 * side**3 / seconds_each(lambda number: product(one, other), seconds)


def copy_gbytes(megabytes: int, seconds: float) -> float:
    """10^9 bytes a second read and written, together, by an addition to a large array."""
    numbers = jnp.zeros(megabytes * 250_000, jnp.float32)
    add = jax.jit(lambda x: x + 1)
    return 2e-9 * numbers.nbytes / seconds_each(lambda number: add(numbers), seconds)


def build_stylize(run: Path, precision: str) -> tuple[Callable, np.ndarray]:
    """(frame, code) -> stylized frame, uint8 H x W x 3 both, and the code of a style. `precision` is what the networks
    compute with, a Keras dtype policy."""
    keras.config.set_dtype_policy(precision)
    style_network, maps, _ = load_networks(run)
    transform = build_transform(maps)
    keras.config.set_dtype_policy("float32")
    values = [variable.value for variable in transform.variables]

    def stylize(frame, code):
        with keras.StatelessScope(zip(transform.variables, values)):
            made = transform([frame[None].astype("float32") / 255, code])[0]
        return jnp.round(255 * made.astype("float32")).astype("uint8")

    return stylize, np.asarray(style_network(scaled(Scene(192, 256).draw(3.0)[None])), "float32")


def work_of(stylize: Callable, frame, code) -> tuple[int, int]:
    """Operations of the convolutions, and the fewest bytes that they and the frame's way in and out move: every input
    read and every output written once."""

    def convolutions(jaxpr):
        for equation in jaxpr.eqns:
            if equation.primitive.name == "conv_general_dilated":
                yield equation
            for value in equation.params.values():
                for inner in value if isinstance(value, (list, tuple)) else [value]:
                    if hasattr(inner, "eqns"):
                        yield from convolutions(inner)

    operations, moved = 0, 2 * frame.size
    for equation in convolutions(jax.make_jaxpr(stylize)(frame, code).jaxpr):
        maps, kernel = (each.aval for each in equation.invars)
        made = equation.outvars[0].aval
        outputs = kernel.shape[equation.params["dimension_numbers"].rhs_spec[0]]
        operations += 2 * made.size * kernel.size // outputs
        moved += sum(each.size * each.dtype.itemsize for each in (maps, kernel, made))
    return operations, moved


def figures(stylize: Callable, code: np.ndarray, height: int, width: int, seconds: float) -> dict:
    """Milliseconds a frame of this size: `card_ms` with frames on the device, `answer_ms` with both copies and nothing
    else under way, `stream_ms` with the copies of one frame during the work on the next."""
    scene = Scene(height, width)
    frames = [scene.draw(float(moment)) for moment in range(8)]
    began = time.perf_counter()
    compiled = jax.jit(stylize).lower(jax.ShapeDtypeStruct(frames[0].shape, "uint8"), code).compile()
    compile_s = time.perf_counter() - began
    operations, moved = work_of(stylize, frames[0], code)
    on_device, code = [jax.device_put(frame) for frame in frames], jax.device_put(code)

    def answer(number: int) -> np.ndarray:
        return np.asarray(compiled(jax.device_put(frames[number % 8]), code))

    def stream(times: int) -> float:
        under_way: deque = deque()
        began = time.perf_counter()
        for number in range(times):
            under_way.append(compiled(jax.device_put(frames[number % 8]), code))
            under_way[-1].copy_to_host_async()
            if len(under_way) > 2:
                np.asarray(under_way.popleft())
        while under_way:
            np.asarray(under_way.popleft())
        return (time.perf_counter() - began) / times

    card = seconds_each(lambda number: compiled(on_device[number % 8], code), seconds)
    times = max(3, int(seconds / card))
    return {
        "card_ms": 1e3 * card,
        "answer_ms": 1e3 * seconds_each(answer, seconds),
        "stream_ms": 1e3 * median(stream(times) for _ in range(ROUNDS)),
        "gflop": operations / 1e9,
        "mbytes": moved / 1e6,
        "compile_s": compile_s,
        "picture": np.asarray(compiled(on_device[0], code)),
    }


@click.command()
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--size",
    "sizes",
    multiple=True,
    default=("640x480", "1280x720", "1920x1080", "3840x2160"),
    show_default=True,
    help="Width x height, multiples of 8.",
)
@click.option(
    "--precision",
    "precisions",
    multiple=True,
    default=("float32", "mixed_bfloat16"),
    show_default=True,
    help="Keras dtype policies; differences are those from the first.",
)
@click.option("--side", default=8192, show_default=True, help="Side of the matrices whose product is the limit.")
@click.option("--megabytes", default=1024, show_default=True, help="Size of the array that is copied.")
@click.option("--seconds", default=0.3, show_default=True, help="How long a round of each measurement takes.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path))
def main(run: Path, sizes, precisions, side: int, megabytes: int, seconds: float, json_file: Path | None) -> None:
    """Measure the network in RUN on JAX's first device, and that device's limits."""
    if keras.backend.backend() != "jax":
        raise click.UsageError("Keras computes with something else than JAX here: set KERAS_BACKEND=jax")
    device = jax.devices()[0]
    result = {
        "device": device.device_kind,
        "jax": jax.__version__,
        "float32_tflops": product_tflops("float32", side, seconds),
        "bfloat16_tflops": product_tflops("bfloat16", side, seconds),
        "copy_gbytes": copy_gbytes(megabytes, seconds),
        "lines": [],
    }
    click.echo(
        f"{device.device_kind}, JAX {jax.__version__}: matrix product float32 {result['float32_tflops']:.4g} and "
        f"bfloat16 {result['bfloat16_tflops']:.4g} TFLOP/s, copy {result['copy_gbytes']:.4g} GB/s\n"
        "size       precision       on card ms  answer ms  stream ms  GFLOP    MB  of product  of copy  apart"
    )
    built = {precision: build_stylize(run, precision) for precision in precisions}
    for size in sizes:
        width, height = map(int, size.split("x"))
        first = None
        for precision, (stylize, code) in built.items():
            found = figures(stylize, code, height, width, seconds)
            picture = found.pop("picture").astype(np.float32)
            first = picture if first is None else first
            limit = result["bfloat16_tflops" if "bfloat16" in precision else "float32_tflops"]
            found |= {
                "size": size,
                "precision": precision,
                "of_product": found["gflop"] / found["card_ms"] / limit,
                "of_copy": found["mbytes"] / found["card_ms"] / result["copy_gbytes"],
                "apart": float(np.abs(picture - first).mean()),
            }
            result["lines"].append(found)
            click.echo(
                f"{size:<10} {precision:<15} {found['card_ms']:10.3f} {found['answer_ms']:10.3f} "
                f"{found['stream_ms']:10.3f} {found['gflop']:6.1f} {found['mbytes']:5.0f} {found['of_product']:11.3f} "
                f"{found['of_copy']:8.3f} {found['apart']:6.2f}"
            )
    if json_file:
        json_file.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
