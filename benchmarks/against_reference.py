"""QuickML against the script that a user would write by hand: whole processes, in turn, on this machine.

    python benchmarks/against_reference.py iris      # about two minutes
    python benchmarks/against_reference.py mnist     # about twenty minutes: 12 epochs, three seeds
    python benchmarks/against_reference.py bfloat16  # about ten minutes: MNIST, against `fit` in bfloat16
    python benchmarks/against_reference.py examples  # about ten minutes: epochs, in both precisions
    python benchmarks/against_reference.py compile   # about two minutes

Prints one line per promise: the figure, what it may be at most (or at least), and whether it is kept.
`reference.py` is Keras' `fit` in float32, then coremltools' TensorFlow route; nothing in it is tuned. On a
processor with native bfloat16, MNIST is compared with the same script in mixed_bfloat16 too, and each with
the peak of the processor, which is measured in between; and with PyTorch (`reference_torch.py`), if it is
installed here, or in the environment whose Python `--torch` names.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from epochs import plan_of
from profile_training import operations
from quickml.document import read
from quickml.training.precision import has_native_bfloat16

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
MNIST = ROOT / "src" / "quickml" / "datasets" / "builtin" / "files" / "mnist"

WANTED = {
    "mnist_cnn.json": {"mixed_bfloat16": 0.55, "float32": 0.4},
    "examples/mnist_resnet.json": {"mixed_bfloat16": 0.7, "float32": 0.7},
    "examples/mnist_inception.json": {"mixed_bfloat16": 0.7, "float32": 0.7},
    "examples/waves_lstm.json": {"mixed_bfloat16": 0.7, "float32": 0.7},
    "examples/mnist_rows_lstm.json": {"mixed_bfloat16": 0.7, "float32": 0.7},
    "examples/adding_gru.json": {"mixed_bfloat16": 0.7, "float32": 0.7},
    "examples/waves_attention.json": {"mixed_bfloat16": 0.7, "float32": 0.7},
}
"""The most that an epoch may take, of that of `fit`, by document and precision."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One process: wall-clock seconds, peak resident memory, and what it told of itself."""

    seconds: float
    peak_mb: float
    told: dict


def process(command: list[str], told) -> Run:
    began = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT, text=True)
    out = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - began
    if os.waitstatus_to_exitcode(status):
        sys.exit(f"{' '.join(command)} failed")
    scale = 2**20 if sys.platform == "darwin" else 2**10  # macOS counts bytes, Linux kilobytes
    return Run(seconds=seconds, peak_mb=usage.ru_maxrss / scale, told=told(out))


def reference(which: str, epochs: int, precision: str = "float32") -> Run:
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, str(HERE / "reference.py"), which, str(MNIST), out, str(epochs), precision]
        return process(command, lambda text: json.loads(text.splitlines()[-1]))


def quickml(spec: str | dict, epochs: int, seed: int = 0) -> Run:
    with tempfile.TemporaryDirectory() as folder:
        path = ROOT / spec if isinstance(spec, str) else Path(folder) / "spec.json"
        if isinstance(spec, dict):
            path.write_text(json.dumps(spec))
        out = Path(folder) / "result"
        command = [sys.executable, str(ROOT / "main.py"), str(path), "--out", str(out)]
        command += ["--epochs", str(epochs), "--seed", str(seed)]
        return process(command, lambda _: json.loads((out / "report.json").read_text()))


def accuracy(run: Run) -> float:
    return run.told["metrics"]["accuracy"]


def promise(what: str, found: float, at_most: float | None = None, at_least: float | None = None) -> None:
    kept = found <= at_most if at_most is not None else found >= at_least
    bound = f"at most {at_most}" if at_most is not None else f"at least {at_least}"
    print(f"{'kept  ' if kept else 'MISSED'}  {what}: {found:.3f} ({bound})", flush=True)


def shown(name: str, run: Run, accuracy: float) -> None:
    print(
        f"        {name}: {run.seconds:.1f} s, peak {run.peak_mb:.0f} MB, accuracy {accuracy:.4f}", flush=True
    )


def iris(epochs: int, runs: int) -> None:
    pairs = []
    for seed in range(runs):
        pairs.append((reference("iris", epochs), quickml("iris_spec.json", epochs, seed)))
        theirs, ours = pairs[-1]
        shown("reference", theirs, theirs.told["test_accuracy"])
        shown(f"quickml, seed {seed}", ours, accuracy(ours))
    ratio = statistics.median(ours.seconds / theirs.seconds for theirs, ours in pairs)
    promise("iris, whole process, median ratio", ratio, at_most=0.25)
    promise("iris, lowest test accuracy", min(accuracy(ours) for _, ours in pairs), at_least=0.93)


def mnist(epochs: int, runs: int, in_turn: bool) -> None:
    ratios, memory, accuracies, finishing = [], [], [], []
    for seed in range(runs):
        if seed == 0 or in_turn:
            theirs = reference("mnist_cnn", epochs)
            shown("reference", theirs, theirs.told["test_accuracy"])
        ours = quickml("mnist_cnn.json", epochs, seed)
        shown(f"quickml, seed {seed}", ours, accuracy(ours))
        ratios.append(ours.seconds / theirs.seconds)
        memory.append(ours.peak_mb / theirs.peak_mb)
        accuracies.append(accuracy(ours))
        finishing.append(ours.told["seconds"]["compile"] + ours.told["seconds"]["verify"])
    promise("mnist_cnn, whole process, median ratio", statistics.median(ratios), at_most=0.60)
    promise("mnist_cnn, peak memory, largest ratio", max(memory), at_most=1.0)
    promise("mnist_cnn, lowest test accuracy", min(accuracies), at_least=0.99)
    promise("mnist_cnn, compile + verify, median seconds", statistics.median(finishing), at_most=1.0)


def by_torch(python: str, epochs: int) -> Run:
    return process([python, str(HERE / "reference_torch.py"), str(MNIST), str(epochs)], json.loads)


def best(epochs: int, runs: int, torch: str | None) -> None:
    """Training of the MNIST network in bfloat16, without anything else, and its share of the peak.

    `torch` is a Python that has PyTorch.
    """
    if not has_native_bfloat16():
        print("        this processor has no bfloat16", flush=True)
        return
    ratios, shares = [], []
    work = operations(read((ROOT / "mnist_cnn.json").read_bytes())) * epochs * -(-60_000 // 128)
    for seed in range(runs):
        theirs = reference("mnist_cnn", epochs, "mixed_bfloat16")
        ours, told = quickml("mnist_cnn.json", epochs, seed), theirs.told
        command = [sys.executable, str(HERE / "profile_training.py"), "--peak", "bfloat16"]
        peak = process(command, json.loads).told
        mine, hand = ours.told["seconds"]["train"], told["train_s"]
        shown(f"bfloat16 by hand, {work / hand / peak:.2f} of the peak", theirs, told["test_accuracy"])
        shown(f"quickml, seed {seed}, {work / mine / peak:.2f} of the peak", ours, accuracy(ours))
        if torch:
            other = by_torch(torch, epochs)
            share, ratio = work / other.told["train_s"] / peak, mine / other.told["train_s"]
            name = f"PyTorch in bfloat16, {share:.2f} of the peak; quickml takes {ratio:.2f} of its time"
            shown(name, other, other.told["test_accuracy"])
        ratios.append(mine / hand)
        shares.append(work / mine / peak)
    promise("mnist_cnn in bfloat16, training, of `fit` in bfloat16", statistics.median(ratios), at_most=0.55)
    promise("mnist_cnn in bfloat16, share of the peak", statistics.median(shares), at_least=0.6)


def epochs_in_turn(document: Path, precision: str, runs: int) -> tuple[float, float]:
    """Median seconds of an epoch of QuickML and of `fit`, which train in turn."""
    commands = [
        [sys.executable, str(HERE / "epochs.py"), which, str(document), precision, str(runs)]
        for which in ("quickml", "fit")
    ]
    children = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        for command in commands
    ]
    for child in children:
        if child.stdout.readline().strip() != "ready":
            sys.exit(f"{document.name} failed")
    found = [[], []]
    for _ in range(runs):
        for child, seconds in zip(children, found, strict=True):
            child.stdin.write("\n")
            child.stdin.flush()
            seconds.append(float(child.stdout.readline()))
    for child in children:
        child.communicate()
    ours, theirs = map(statistics.median, found)
    return ours, theirs


def examples(runs: int) -> None:
    """Epochs of networks of every kind, in both precisions."""
    for name, wanted in WANTED.items():
        for precision in ("mixed_bfloat16", "float32") if has_native_bfloat16() else ("float32",):
            ours, theirs = epochs_in_turn(ROOT / name, precision, runs)
            print(f"        {name} in {precision}: {ours:.2f} s, `fit` {theirs:.2f} s", flush=True)
            promise(f"{name} in {precision}, an epoch, of `fit`", ours / theirs, at_most=wanted[precision])
            if name == "mnist_cnn.json":
                limit(ROOT / name, precision, theirs, runs)


def limit(document: Path, precision: str, theirs: float, runs: int) -> None:
    """What the convolutions of an epoch take alone, as oneDNN computes them: no framework that uses it is
    faster."""
    dtype = precision.removeprefix("mixed_")
    command = [sys.executable, str(HERE / "profile_training.py"), str(document), "--convolutions", dtype]
    plan = plan_of(document, precision, runs)
    training = plan.document.training
    steps = -(-round(plan.info.sizes[0] * (1 - training.validation_fraction)) // training.batch_size)
    seconds = steps * process(command, json.loads).told
    print(f"        its convolutions alone: {seconds:.2f} s, {seconds / theirs:.2f} of `fit`", flush=True)


def compiling(runs: int) -> None:
    """The MNIST network on few pictures: what comes after training costs the same."""
    document = json.loads((ROOT / "mnist_cnn.json").read_text())
    document["dataset"]["num_samples"] = 500
    finishing = [quickml(document, 1).told["seconds"] for _ in range(runs)]
    promise(
        "mnist_cnn, compile + verify of both formats, median seconds",
        statistics.median(seconds["compile"] + seconds["verify"] for seconds in finishing),
        at_most=1.0,
    )
    for kind in ("mlmodel", "mlpackage"):
        document["export"]["formats"] = [kind]
        found = [quickml(document, 1).told["seconds"]["compile"] for _ in range(runs)]
        promise(
            f"mnist_cnn, emit + convert of {kind}, median seconds", statistics.median(found), at_most=0.35
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("which", choices=["iris", "mnist", "bfloat16", "examples", "compile"])
    parser.add_argument("--epochs", type=int, help="instead of 12 for mnist, 4 for bfloat16, 100 for iris")
    parser.add_argument(
        "--runs", type=int, help="instead of 3 for mnist and compile, 5 for iris and examples"
    )
    parser.add_argument("--in-turn", action="store_true", help="mnist: run the reference before each seed")
    has_torch = importlib.util.find_spec("torch") is not None
    parser.add_argument(
        "--torch",
        metavar="PYTHON",
        default=sys.executable if has_torch else None,
        help="bfloat16: train in PyTorch, too, with this Python; the default is this one, if it has PyTorch",
    )
    asked = parser.parse_args()
    if asked.which == "iris":
        iris(asked.epochs or 100, asked.runs or 5)
    elif asked.which == "mnist":
        mnist(asked.epochs or 12, asked.runs or 3, asked.in_turn)
    elif asked.which == "bfloat16":
        best(asked.epochs or 4, asked.runs or 3, asked.torch)
    elif asked.which == "examples":
        examples(asked.runs or 5)
    else:
        compiling(asked.runs or 3)


if __name__ == "__main__":
    main()
