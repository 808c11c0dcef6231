"""Constants that are computed while a file is read, by numpy and by ONNX's reference implementation."""

import warnings

import numpy as np
import pytest

from quickml.export.onnx import graph

SPECIAL = np.array([0.0, -0.0, 1.5, -3e38, 3e38, np.inf, -np.inf, np.nan, 1e-45], np.float32)


@pytest.mark.parametrize("kind", ["Add", "Sub", "Mul", "Div"])
@pytest.mark.parametrize("shape", [(9, 1), (1, 9), (1,)])
def test_arithmetic_has_the_bits_of_the_reference(kind, shape, monkeypatch):
    other = SPECIAL.reshape(shape) if shape != (1,) else SPECIAL[2:3]

    def computed():
        made = graph.OnnxGraph(room=1000)
        return made.known(made.op(kind, SPECIAL[None], other))

    quick = computed()
    monkeypatch.setattr(graph, "_ARITHMETIC", {})
    with warnings.catch_warnings(action="ignore"):
        assert quick.tobytes() == computed().tobytes()


def test_whole_numbers_are_left_to_the_reference():
    made = graph.OnnxGraph(room=1000)
    value = made.known(made.op("Div", np.array([-7]), np.array([2])))
    assert value.tolist() == [-3]
