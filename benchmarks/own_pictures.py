"""The rows `pictures`, `map` and `memory` of `data.py`: loading JPEG files, training from a memory map."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np

from against_reference import ROOT, Run, process, promise
from jpeg_files import written
from service import note

HERE = Path(__file__).resolve().parent
EPOCHS = 10
VALIDATE = "import sys; from quickml.cli import main; main(['validate', '--json', sys.argv[1]])"


def pictures(asked: argparse.Namespace) -> None:
    """JPEG files through 10 epochs, only the loading, against Keras' folder utility.

    Keras decodes all of them in each epoch, so a few epochs tell what 10 take; `--full` runs all. Both read
    every byte of a JPEG at least once; the larger the files, the less everything else counts: the smaller
    size is the harder one.
    """
    count = 4_000 if asked.quick else 50_000
    measured = EPOCHS if asked.full else 2
    with tempfile.TemporaryDirectory(dir=asked.data) as scratch:
        for size in ((640, 480), (320, 240)):
            folder = written(Path(scratch) / f"{size[0]}", count, size)
            theirs = _run("keras", folder, measured)
            ours = _run("quickml", folder, EPOCHS, Path(scratch) / "cache")
            whole = theirs.told["once_s"] + theirs.told["epochs_s"] / measured * EPOCHS
            mine = ours.told["once_s"] + ours.told["epochs_s"]
            file_bytes = sum(path.stat().st_size for path in folder.rglob("*.jpg")) / count
            name = f"{count:,} JPEG of {size[0]} x {size[1]}, {file_bytes / 1000:.0f} kB each"
            each = f"{whole / count / EPOCHS * 1e3:.2f} ms per picture and epoch"
            note(f"{name}: Keras {whole:.0f} s (of {measured} epochs), {each}, peak {theirs.peak_mb:.0f} MB")
            once, epochs = ours.told["once_s"], ours.told["epochs_s"]
            each = (
                f"{once / count * 1e3:.2f} ms per picture, {epochs / count / EPOCHS * 1e3:.3f} in each epoch"
            )
            note(f"quickml {mine:.0f} s, of which once {once:.0f} s: {each}; peak {ours.peak_mb:.0f} MB")
            promise(f"{name}, {EPOCHS} epochs, the loading", mine / whole, at_most=0.15)


def mapped(asked: argparse.Namespace) -> None:
    """The network of mnist_cnn.json on pixels from a memory map, from memory, and with Keras' `fit`."""
    with tempfile.TemporaryDirectory(dir=asked.data) as scratch:
        document = _document(Path(scratch))
        file = _pixels(Path(scratch) / "pixels.npy", 30_000 if asked.quick else 120_000, (28, 28, 1))
        rates: dict[str, list[float]] = {"memory": [], "map": [], "fit": []}
        precisions = {}
        for _ in range(asked.runs or 3):
            for how, found in rates.items():
                told = _run(how, file, document).told
                found.append(told["rate"])
                precisions[how] = told["precision"]
        middle = {how: statistics.median(found) for how, found in rates.items()}
        note(", ".join(f"{how} {rate:,.0f} pictures/s in {precisions[how]}" for how, rate in middle.items()))
        promise(
            "training from the map, of the rate from memory", middle["map"] / middle["memory"], at_least=0.9
        )
        promise("training from the map, times Keras' fit", middle["map"] / middle["fit"], at_least=2.0)
        flat, shape = _flat(Path(scratch)), (28, 28, 1)
        few, many = (
            _run("map", _pixels(Path(scratch) / f"{count}.npy", count, shape), flat).peak_mb
            for count in (60_000, 600_000)
        )
        note(f"peak memory with 47 MB of pixels {few:.0f} MB, with 470 MB {many:.0f} MB")
        promise("growth of the peak memory, MB", many - few, at_most=50.0)


def memory(asked: argparse.Namespace) -> None:
    """The estimated memory against the peak of the whole process: without much data, in memory, mapped."""
    with tempfile.TemporaryDirectory(dir=asked.data) as scratch:
        written(Path(scratch) / "pictures", 4_000 if asked.quick else 15_000, (160, 120))
        document = json.loads(_document(Path(scratch)).read_text())
        own = {"name": "pictures", "file": "pictures", "size": [96, 96]}
        iris = json.loads((ROOT / "iris_spec.json").read_text())
        for name, content in (
            ("iris", iris),
            ("mnist_cnn", {**document, "training": {**document["training"], "epochs": 1}}),
            ("own pictures", {**json.loads(_flat(Path(scratch)).read_text()), "dataset": own}),
        ):
            path = Path(scratch) / f"{name.replace(' ', '-')}.json"
            path.write_text(json.dumps(content))
            os.environ["XDG_CACHE_HOME"] = scratch
            result = Path(scratch) / f"result-{path.stem}"
            command = [sys.executable, str(ROOT / "main.py"), str(path), "--out", str(result)]
            peak_mb = process(command, lambda _: {}).peak_mb
            command = [sys.executable, "-c", VALIDATE, str(path)]
            found = process(command, lambda text: json.loads(text)["estimate"]["memory_bytes"]).told / 2**20
            note(f"{name}: peak {peak_mb:.0f} MB, estimated {found:.0f} MB")
            promise(f"memory, estimated for {name}, of the peak, at most", found / peak_mb, at_most=2.0)
            promise(f"memory, estimated for {name}, of the peak, at least", found / peak_mb, at_least=0.7)


def _run(what: str, *given: object) -> Run:
    command = [sys.executable, str(HERE / "loading.py"), what, *map(str, given)]
    return process(command, lambda text: json.loads(text.splitlines()[-1]))


def _pixels(path: Path, count: int, shape: tuple[int, ...]) -> Path:
    """Random pixels, the same again after a thousand."""
    pixels = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=(count, *shape))
    draw = np.random.default_rng(0).integers(0, 256, (1000, *shape), np.uint8)
    for start in range(0, count, len(draw)):
        pixels[start : start + len(draw)] = draw[: count - start]
    pixels.flush()
    return path


def _document(folder: Path) -> Path:
    document = json.loads((ROOT / "mnist_cnn.json").read_text())
    document["training"] = {**document["training"], "epochs": 2, "validation_fraction": 0.0}
    path = folder / "document.json"
    path.write_text(json.dumps(document))
    return path


def _flat(folder: Path) -> Path:
    """A network that takes little time."""
    document = json.loads((ROOT / "mnist_cnn.json").read_text())
    layers = [{"type": "GlobalAveragePooling2D"}, {"type": "Dense", "units": 10, "activation": "softmax"}]
    document = {**document, "model": {"layers": layers}, "training": {"epochs": 2}}
    path = folder / "flat.json"
    path.write_text(json.dumps(document))
    return path
