"""coremltools' own TensorFlow converter against our emitters: layers by both ways, in both formats.

Three answers have to agree: Keras', that of our file and that of the converter's, both run by our runtime. Of the
last two neither shares code with the other, but for coremltools' writing of a finished program.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from layer_examples import EXAMPLES
from networks import load
from quickml.export.coreml.reading import files

TESTS = Path(__file__).resolve().parents[2] / "support"
TOLERANCE = 1e-4

UNSUPPORTED: dict[str, str] = {}
"""Layers that the converter of coremltools 9 cannot do with TensorFlow 2.21, and what it says."""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every layer's files: see tensorflow_route.py, which takes about a minute for all of them."""
    folder = tmp_path_factory.mktemp("routes")
    source = str(Path(files.__file__).parents[4])
    done = subprocess.run(
        [sys.executable, str(TESTS / "tensorflow_route.py"), str(folder)], capture_output=True, text=True,
        check=False, env=os.environ | {"PYTHONPATH": source},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.mark.parametrize("kind", ["mlmodel", "mlpackage"])
@pytest.mark.parametrize("layer", EXAMPLES)
def test_two_ways_to_core_ml_give_one_answer(layer: str, kind: str, written: Path) -> None:
    refused = json.loads((written / "cases.json").read_text())[layer].get(kind)
    if layer in UNSUPPORTED:
        assert refused, "the converter has learned this layer: take it off the list"
        pytest.skip(f"coremltools' TensorFlow converter: {refused}")
    assert refused is None
    keras = np.load(written / layer / "keras.npz")
    x, answers = keras["inputs"], keras["answers"]
    theirs = load(written / layer / f"theirs.{kind}").outputs(x)
    ours = load(written / layer / f"ours.{kind}").outputs(channels_first(x))
    # Pictures leave our files channels first, and the converter's as Keras has them.
    np.testing.assert_allclose(theirs, answers.reshape(len(x), -1), rtol=TOLERANCE, atol=TOLERANCE)
    np.testing.assert_allclose(
        ours, channels_first(answers).reshape(len(x), -1), rtol=TOLERANCE, atol=TOLERANCE
    )


def channels_first(values: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(values.transpose(0, 3, 1, 2)) if values.ndim == 4 else values
