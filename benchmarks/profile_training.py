"""Where the time of a training step goes, for each operation, in the compiled loop of a training.

    python benchmarks/profile_training.py                                  # mnist_cnn.json: half a minute
    python benchmarks/profile_training.py examples/mnist_resnet.json
    python benchmarks/profile_training.py mnist_cnn.json --precision float32
    python benchmarks/profile_training.py --peak bfloat16                  # only the peak of the processor
    python benchmarks/profile_training.py --convolutions bfloat16          # only those of the document, alone

Samples are random: only their shape counts. Two operations can run at the same time, so their times can add
up to more than the step. The share of the peak compares the multiplications of layers with the fastest
product of two matrices in the same process. Names that begin with `_Mkl` are operations of oneDNN; a gradient
of max pooling without it (`MaxPoolGrad:MaxPoolGrad`) takes ten times as long.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

from quickml.document import Plan, read

STEPS, TIMES, OPERATIONS = 10, 7, 30
PRODUCT = 2048


def peak(dtype: str) -> float:
    """Multiplications and additions per second of the fastest of some products of matrices."""
    from quickml.training.backend import tf

    matrix = tf.cast(tf.random.normal((PRODUCT, PRODUCT)), dtype)
    product = tf.function(lambda value: value @ value, autograph=False)
    best = min(_seconds(lambda: product(matrix).numpy()) for _ in range(10))
    return 2 * PRODUCT**3 / best


def operations(plan: Plan) -> float:
    """Multiplications and additions of a step: forward, and for both gradients; the inputs need none."""
    learning = [node for node in plan.graph.nodes if node.parameters.trainable]
    first, *others = (node.layer.multiply_adds(*node.input_shapes) for node in learning)
    return 2 * plan.document.training.batch_size * (2 * first + 3 * sum(others))


def convolutions(plan: Plan, dtype: str) -> float:
    """Seconds of a step for its convolutions alone, each by itself: forward, and for both gradients."""
    from quickml.training.backend import tf

    nodes = [node for node in plan.graph.nodes if node.layer.type == "Conv2D"]
    total = 0.0
    for node in nodes:
        layer, (*_, channels) = node.layer, node.input_shapes[0]
        inputs = tf.cast(tf.random.normal((plan.document.training.batch_size, *node.input_shapes[0])), dtype)
        kernel = tf.cast(
            tf.random.normal((*layer.kernel_size, channels // layer.groups, layer.filters)), dtype
        )
        options = {"strides": [1, *layer.strides, 1], "padding": layer.padding.upper()}
        outputs = tf.raw_ops.Conv2D(input=inputs, filter=kernel, **options)
        sizes = {"input_sizes": inputs.shape, "filter_sizes": kernel.shape}
        given = {"input": inputs, "filter": kernel, "out_backprop": outputs, **sizes}
        kinds = [
            ("Conv2D", ("input", "filter")),
            ("Conv2DBackpropFilter", ("input", "filter_sizes", "out_backprop")),
        ]
        if node is not nodes[0]:
            kinds.append(("Conv2DBackpropInput", ("input_sizes", "filter", "out_backprop")))
        total += sum(
            _alone(getattr(tf.raw_ops, kind), {name: given[name] for name in names}, options)
            for kind, names in kinds
        )
    return total


def _alone(operation, given: dict, options: dict) -> float:
    """Seconds of an operation by itself, the fewest."""
    from quickml.training.backend import tf

    run = tf.function(lambda given: operation(**given, **options)[0, 0, 0, 0], autograph=False)
    return min(_seconds(lambda: run(given).numpy()) for _ in range(8))


class Profiled:
    """The compiled loop of a plan, on random samples."""

    def __init__(self, plan: Plan) -> None:
        from quickml.datasets.data import Data
        from quickml.training.optimizer import make_optimizer
        from quickml.training.stages import Stages
        from quickml.training.steps import Steps

        size, info = plan.document.training.batch_size, plan.info
        draw, count = np.random.default_rng(0), (STEPS + 2) * size
        kind = np.uint8 if len(info.shape) == 3 else np.float32
        values = 256 if kind is np.uint8 else len(info.vocabulary) or 10
        x = draw.integers(0, values, (count, *info.shape)).astype(kind)
        y = (np.arange(count) % max(len(info.labels), 2)).astype(np.int32 if info.labels else np.float32)
        stages = Stages(plan, Data(x_train=x, y_train=y, x_test=x[:8], y_test=y[:8]))
        self.precision, self._order = stages.precision, np.arange(count, dtype=np.int32)
        optimizer = make_optimizer(stages.training, 1000, quick=True)
        self._steps = Steps(
            model=stages.model, optimizer=optimizer, objective=stages.objective,
            inputs=x, targets=y, batch_size=size,
        )  # fmt: skip
        self._steps.train(self._order, 0, 2)

    def run(self) -> None:
        """A chunk of steps."""
        self._steps.train(self._order, 2, STEPS)

    def seconds(self) -> float:
        """Of a step, the median."""
        return statistics.median(_seconds(self.run) for _ in range(TIMES)) / STEPS


def traced(run) -> Counter:
    """Seconds of each operation meanwhile. TensorFlow has no public reader of its own profiles."""
    import tensorflow as tf
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    with tempfile.TemporaryDirectory() as folder:
        tf.profiler.experimental.start(folder)
        run()
        tf.profiler.experimental.stop()
        (file,) = Path(folder).rglob("*.xplane.pb")
        profile = xplane_pb2.XSpace.FromString(file.read_bytes())
    found: Counter = Counter()
    for plane in profile.planes:
        for event in (event for line in plane.lines for event in line.events):
            name = plane.event_metadata[event.metadata_id].name
            if re.search(r"[^:]:_?[A-Z]\w+$", name):  # an operation: its name, and its kernel
                found[_short(name)] += event.duration_ps / 1e12
    return found


def _short(name: str) -> str:
    path, _, kernel = name.rpartition(":")
    is_gradient = "gradient_tape" in path
    parts = [
        part for part in path.split("/") if not re.match(r"(while|body|gradient_tape|quickml)?(_\d+)*$", part)
    ]
    return f"{'gradient of ' if is_gradient else ''}{'/'.join(parts[-2:])}:{kernel}"


def _seconds(run) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("document", nargs="?", default="mnist_cnn.json", type=Path)
    parser.add_argument("--precision", choices=["auto", "float32", "mixed_bfloat16"], default="auto")
    parser.add_argument("--peak", choices=["float32", "bfloat16"], help="only measure the peak, per second")
    parser.add_argument("--convolutions", choices=["float32", "bfloat16"], help="only their seconds, alone")
    asked = parser.parse_args()
    if asked.peak:
        print(peak(asked.peak))
        return
    if asked.convolutions:
        print(convolutions(read(asked.document.read_bytes()), asked.convolutions))
        return
    document = json.loads(asked.document.read_text())
    document["training"] = {**document.get("training", {}), "precision": asked.precision}
    plan = read(json.dumps(document).encode())
    profiled = Profiled(plan)
    step_s, dtype = profiled.seconds(), profiled.precision.removeprefix("mixed_")
    fastest = peak(dtype)
    share = operations(plan) / step_s / fastest
    print(f"{step_s * 1e3:.2f} ms per step in {profiled.precision}; peak {fastest / 1e9:,.0f} GFLOP/s")
    print(f"{operations(plan) / 1e9:.2f} GFLOP per step: {share:.2f} of the peak")
    for name, seconds in traced(profiled.run).most_common(OPERATIONS):
        print(f"{seconds / STEPS * 1e3:8.3f} ms  {name}")


if __name__ == "__main__":
    main()
