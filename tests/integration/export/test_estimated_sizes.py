"""Estimated sizes of files, held against files that are written."""

import pytest

from chosen import chosen, with_export
from quickml import results
from quickml.document.formats import known
from quickml.estimate.files import files
from quickml.export.onnx import onnx_file
from untrained import plan_of, untrained

TEN = {"type": "Dense", "units": 10, "activation": "softmax"}
NETWORKS = {
    "pictures": (
        "digits",
        {"type": "Conv2D", "filters": 32, "kernel_size": 3, "padding": "same", "activation": "relu"},
        {"type": "BatchNormalization"},
        {"type": "SeparableConv2D", "filters": 48, "kernel_size": 3, "activation": "relu"},
        {"type": "Flatten"},
        {"type": "Dense", "units": 40, "activation": "tanh"},
        TEN,
    ),
    "sequences": (
        {"name": "waves", "num_samples": 100, "steps": 20},
        {"type": "Bidirectional", "layer": {"type": "LSTM", "units": 48, "return_sequences": True}},
        {"type": "GRU", "units": 64},
        {"type": "Dense", "units": 4, "activation": "softmax"},
    ),
    "attention": (
        {"name": "brackets", "num_samples": 100},
        {"type": "Embedding", "input_dim": 3, "output_dim": 64},
        {"type": "MultiHeadAttention", "num_heads": 4, "key_dim": 48},
        {"type": "LayerNormalization"},
        {"type": "GlobalAveragePooling1D"},
        {"type": "Dense", "units": 1, "activation": "sigmoid"},
    ),
}
FORMS = [
    (kind, form)
    for kind in ("mlmodel", "mlpackage")
    for form in ("float32", "float16", "int8", "palettized-4", "pruned")
    if form in known()[kind].first_ios
]


@pytest.fixture(scope="module", params=NETWORKS)
def network(request):
    dataset, *layers = NETWORKS[request.param]
    return untrained(plan_of(*layers, dataset=dataset), count=64)


@pytest.mark.parametrize(("kind", "form"), FORMS)
def test_the_size_of_a_file_is_foreseen(network, kind, form, tmp_path):
    asked = with_export(network, formats=(kind, "onnx"), weights=form)
    one, _ = chosen(asked, kind, tmp_path)
    expected = {file.kind: file.size_bytes for file in files(asked.plan)}
    sizes = {kind: results.described(one.path).size_bytes}
    sizes["onnx"] = onnx_file.write(one.path, tmp_path).stat().st_size
    for name, size in sizes.items():
        assert expected[name] == pytest.approx(size, rel=0.15, abs=17_000 if size < 100_000 else 0), (
            name,
            size,
        )
