"""Our way to Core ML against coremltools' own, and the runtime: the MNIST network with random weights.

    python benchmarks/compiler.py              # about three minutes on two cores

Each side does everything from a Keras model in memory to a coremltools model in memory, in turn with the
other, in a process of its own: coremltools' TensorFlow converter needs coremltools loaded with TensorFlow,
which ours avoids.
Prints one line per figure, a median, with its target and whether that is met.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FORMATS = ("mlmodel", "mlpackage")
PICTURES = 10_000


def seconds(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def target(what: str, found: float, at_most: float, unit: str = "") -> None:
    met = "met   " if found <= at_most else "MISSED"
    print(f"{met}  {what}: {found:.3f}{unit} (at most {at_most:g}{unit})", flush=True)


# --- two processes, one for each side -----------------------------------------------------------------


def mnist() -> tuple[Any, Any]:
    """The plan of mnist_cnn.json, and a Keras model of it that has learned nothing."""
    from quickml.document import understand
    from quickml.training.build import build

    plan = understand(json.loads((ROOT / "mnist_cnn.json").read_text()))
    return plan, build(plan, "float32")


def our_side() -> Callable[[str], Any]:
    """Emit and convert: what `quickml` does between a trained model and a saved file."""
    from quickml.export.coreml.conversion import convert, quiet, target_of
    from quickml.export.coreml.emit import emit
    from quickml.training.weights import weights

    plan, model = mnist()

    def work(kind: str) -> Any:
        opset = target_of(kind)
        with quiet():
            return convert(emit(plan.graph, weights(model), input_name="x", opset=opset), kind, opset)

    return work


def their_side() -> Callable[[str], Any]:
    """A concrete function of the model, through `ct.convert(source="tensorflow")`."""
    import logging

    logging.disable(logging.WARNING)
    import coremltools as ct
    import tensorflow as tf

    _, model = mnist()

    def work(kind: str) -> Any:
        function = tf.function(lambda x: model(x, training=False))
        traced = function.get_concrete_function(tf.TensorSpec((1, *model.input_shape[1:]), tf.float32))
        options = {"compute_precision": ct.precision.FLOAT32} if kind == "mlpackage" else {}
        to = {"mlmodel": "neuralnetwork", "mlpackage": "mlprogram"}[kind]
        return ct.convert([traced], source="tensorflow", convert_to=to, skip_model_load=True, **options)

    return work


def serve(side: str) -> None:
    """Do what standard input asks for, a format a line, and answer with the seconds that it took."""
    answers, sys.stdout = sys.stdout, sys.stderr  # coremltools prints
    work = {"ours": our_side, "theirs": their_side}[side]()
    for kind in FORMATS:
        work(kind)  # the first of each takes longer: imports, traces, caches
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        began = time.perf_counter()
        work(line.strip())
        print(time.perf_counter() - began, file=answers, flush=True)


class Side:
    """A process that converts when asked to."""

    def __init__(self, name: str) -> None:
        command = [sys.executable, __file__, "--serve", name]
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env=os.environ | quiet,
        )  # fmt: skip
        if self.process.stdout.readline().strip() != "ready":
            sys.exit(f"{' '.join(command)} failed")

    def convert(self, kind: str) -> float:
        print(kind, file=self.process.stdin, flush=True)
        return float(self.process.stdout.readline())

    def end(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def converting(runs: int) -> None:
    ours, theirs = Side("ours"), Side("theirs")
    for kind in FORMATS:
        pairs = [(ours.convert(kind), theirs.convert(kind)) for _ in range(runs)]
        mine, other = (statistics.median(side) for side in zip(*pairs, strict=True))
        print(f"        {kind}: ours {mine:.3f} s, coremltools' TensorFlow route {other:.3f} s", flush=True)
        target(f"emit + convert of {kind}, ours to theirs", mine / other, 0.5)
    ours.end()
    theirs.end()


# --- the runtime --------------------------------------------------------------------------------------


def running(runs: int) -> None:
    import numpy as np

    from quickml.datasets import load

    plan, _ = mnist()
    pictures = np.ascontiguousarray(load(plan.document.dataset).x_test.transpose(0, 3, 1, 2))
    assert len(pictures) == PICTURES
    work = our_side()
    with tempfile.TemporaryDirectory() as folder:
        for kind in FORMATS:
            path = Path(folder) / f"model.{kind}"
            work(kind).save(str(path))
            measure(path, pictures, runs)


def measure(path: Path, pictures: Any, runs: int) -> None:
    from quickml.export.coreml.reading import files
    from quickml.export.onnx import translate
    from quickml.export.runtime import Runtime

    kind = path.suffix[1:]
    size = sum(one.stat().st_size for one in (path, *path.rglob("*")) if one.is_file())
    reading = [seconds(lambda: translate(files.read(path))) for _ in range(2 * runs)]
    target(f"read and translate {kind} of {size / 1e6:.1f} MB", statistics.median(reading), 0.2, " s")
    runtime = Runtime.load(path, engine="onnx")
    each = [seconds(lambda x=x: runtime.run({"x": x})) * 1e3 for x in pictures[: 100 * runs]]
    target(f"one prediction, {kind}", statistics.median(each), 1.5, " ms")
    used = time.process_time()
    rounds = [seconds(lambda: runtime.outputs(pictures)) for _ in range(min(runs, 3))]
    used = (time.process_time() - used) / len(rounds)
    target(f"{len(pictures):,} predictions, {kind}", statistics.median(rounds), 6.0, " s")
    print(f"        which took {used:.3f} s of processor time; the rest others had", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=9, help="repetitions of each conversion")
    parser.add_argument("--serve", choices=["ours", "theirs"], help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        serve(asked.serve)
    else:
        converting(asked.runs)
        running(asked.runs)


if __name__ == "__main__":
    main()
