"""Files made to do harm, by chance (tests/support/fuzz.py) and on purpose: refused in our words, soon and small.

`pytest --full` gives chance more time, `--seed` other files.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import rounds
from networks import Maker, load, normal
from programs import convert, ct, mb
from quickml.errors import CoreMLFileError, UnsupportedModelError
from quickml.export.coreml.reading import files, proto

TESTS = Path(__file__).resolve().parents[2] / "support"
SECONDS = rounds.choose(few=4.0, full=120.0)


def python(script: str, *arguments: str, within_s: float) -> subprocess.CompletedProcess[str]:
    source = str(Path(files.__file__).parents[4])
    return subprocess.run(
        [sys.executable, str(TESTS / script), *arguments], capture_output=True, text=True, check=False,
        timeout=within_s, env=os.environ | {"PYTHONPATH": source, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="limits memory by what Linux says in /proc")
def test_damaged_files_end_in_our_errors(tmp_path: Path) -> None:
    made = python("fuzz_seeds.py", str(tmp_path), within_s=300)
    assert made.returncode == 0, made.stderr[-2000:]
    # A hang ends in the timeout: many times what a busy machine needs.
    done = python(
        "fuzz.py",
        "--seeds",
        str(tmp_path),
        "--seconds",
        str(SECONDS),
        "--seed",
        str(rounds.seed),
        within_s=5 * SECONDS + 120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout)
    assert told["refused"] > told["ran"] > 0, "enough of both: damage hits, and does not hit everything"


def refused(maker: Maker, folder: Path, match: str) -> None:
    path = maker.save(folder)
    started = time.process_time()
    with pytest.raises(CoreMLFileError, match=match):
        load(path)
    assert time.process_time() - started < 1


def test_more_layers_than_any_network_has(tmp_path: Path) -> None:
    maker = Maker().array("x", 3).output("y10999")
    for number in range(11_000):
        maker.layer("activation", f"y{number - 1}" if number else "x", f"y{number}", ReLU={})
    path = maker.save(tmp_path)
    with pytest.raises(UnsupportedModelError, match="expected at most 10000 nodes, found more"):
        load(path)


def test_values_that_are_small_one_by_one_and_gigabytes_together(tmp_path: Path) -> None:
    maker = Maker(version=4, exact=True).array("x", 1).output("y")
    for number in range(12):
        maker.layer("fillStatic", "", f"v{number}", value=1.0, targetShape=[2**25])
    maker.layer("concatND", " ".join(f"v{number}" for number in range(12)), "v", axis=0)
    maker.layer("reduceSum", "v", "y", reduceAll=True)
    refused(maker, tmp_path, "expected at most 67,108,864 elements, found 402,653,184 in the shape")

    maker = Maker(version=4, exact=True).array("x", 1).output("y")
    for number in range(12):
        maker.layer("fillStatic", "", f"v{number}", value=1.0, targetShape=[2**25])
    for number in range(12):
        maker.layer("reduceSum", f"v{number}", f"s{number}", reduceAll=True)
    maker.layer("concatND", " ".join(f"s{number}" for number in range(12)), "y", axis=0)
    refused(maker, tmp_path, "elements in memory at a time")


def test_nothing_is_computed_while_a_file_is_read(tmp_path: Path) -> None:
    """Minutes of work on constants, which an optimizer would do at once."""
    maker = Maker(version=4, exact=True).array("x", 1).output("y")
    maker.layer("fillStatic", "", "v0", value=1.0, targetShape=[4096, 4096])
    for number in range(200):
        maker.layer("batchedMatmul", f"v{number} v{number}", f"v{number + 1}")
    maker.layer("reduceSum", "v200", "s", reduceAll=True)
    maker.layer("addBroadcastable", "s x", "y")
    path = maker.save(tmp_path)
    started = time.process_time()
    assert load(path).inputs[0].shape == (1,)
    assert time.process_time() - started < 10  # the products would take minutes


def test_shapes_of_thousands_of_axes(tmp_path: Path) -> None:
    maker = Maker(version=4, exact=True).array("x", 3).output("y")
    maker.layer("reshapeStatic", "x", "y", targetShape=[1] * 1000 + [3])
    refused(maker, tmp_path, "has the shape .*, which cannot be run")


def test_weights_that_unpack_to_gigabytes(tmp_path: Path) -> None:
    """A bit each: 16 MiB of them are half a gigabyte of numbers."""
    maker = Maker().array("x", 2**13).output("y", 2**14)
    product = maker.layer("innerProduct", "x", "y", inputChannels=2**13, outputChannels=2**14)
    product.weights.rawValue = b"\0" * 2**24
    product.weights.quantization.numberOfBits = 1
    product.weights.quantization.linearQuantization.scale.append(1.0)
    refused(maker, tmp_path, "weights of shape")


def test_constants_that_are_made_of_a_few_bytes(tmp_path: Path) -> None:
    """A thousand ranges of 16 MiB each, in a file of 50 kB."""
    maker = Maker(version=4, exact=True).array("x", 1).output("y")
    for number in range(1000):
        maker.layer("rangeStatic", "", f"v{number}", endValue=float(2**22), stepSizeValue=1.0)
    maker.layer("activation", "x", "y", ReLU={})
    refused(maker, tmp_path, "the constants are too large")


def test_weights_that_are_unpacked_again_and_again(tmp_path: Path) -> None:
    """The same 128 kB of indices as weights of a bit each, a thousand times."""
    path = convert(
        lambda x: mb.linear(x=x, weight=normal(1024, 1024), name="y"), (1, 1024), tmp_path, target=ct.target.iOS16
    )  # fmt: skip
    config = ct.optimize.coreml.OpPalettizerConfig(mode="uniform", nbits=1)
    made = ct.optimize.coreml.palettize_weights(
        ct.models.MLModel(str(path), skip_model_load=True),
        ct.optimize.coreml.OptimizationConfig(global_config=config),
    )
    made.save(str(path))
    load(path)
    message = path / "Data" / "com.apple.CoreML" / "model.mlmodel"
    model = proto.new_model()
    model.ParseFromString(message.read_bytes())
    function = model.mlProgram.functions["main"]
    block = function.block_specializations[function.opset]
    (unpacked,) = (one for one in block.operations if one.type == "constexpr_lut_to_dense")
    for number in range(1000):
        again = block.operations.add()
        again.CopyFrom(unpacked)
        again.outputs[0].name = f"again_{number}"
    message.write_bytes(model.SerializeToString())
    with pytest.raises(UnsupportedModelError, match="the constants are too large"):
        load(path)


def test_inputs_without_names_of_their_own(tmp_path: Path) -> None:
    for names in (("x", "x"), ("", "x")):
        maker = Maker().array(names[0], 3).array(names[1], 3).output("y")
        maker.layer("activation", "x", "y", ReLU={})
        refused(maker, tmp_path, "not unique")


def test_odd_weights_give_no_warning(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    """Infinite ones, and a variance below zero: their numbers are the file's business."""
    maker = Maker().array("x", 2, 1, 1).output("y")
    weights = {"gamma": normal(2), "beta": normal(2), "mean": np.float32([np.inf, -np.inf])}
    maker.layer("batchnorm", "x", "y", channels=2, variance=np.float32([-1, 1e38]), **weights)
    assert not np.isfinite(maker.run(tmp_path, x=np.ones((2, 1, 1)))["y"]).any()
    assert not recwarn.list
