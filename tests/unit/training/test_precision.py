import subprocess
import sys

import pytest

from quickml.document import understand
from quickml.training import precision
from quickml.training.device import TrainingDevice

CONVOLUTION = [
    {"type": "Conv2D", "filters": 32, "kernel_size": 3},
    {"type": "Conv2D", "filters": 64, "kernel_size": 3},
    {"type": "Flatten"},
    {"type": "Dense", "units": 10, "activation": "softmax"},
]
DENSE = [{"type": "Dense", "units": 16}, {"type": "Dense", "units": 3, "activation": "softmax"}]


def plan(dataset, layers, **training):
    return understand(
        {"name": "p", "dataset": {"name": dataset}, "model": {"layers": layers}, "training": training}
    )


@pytest.fixture(params=[True, False])
def native(request, monkeypatch):
    monkeypatch.setattr(precision, "has_native_bfloat16", lambda: request.param)
    return request.param


def test_convolutions_use_bfloat16_where_it_is_native(native):
    chosen = precision.choose(plan("mnist", CONVOLUTION, batch_size=128))
    assert chosen == ("mixed_bfloat16" if native else "float32")


def test_small_networks_stay_float32(native):
    assert precision.choose(plan("iris", DENSE)) == "float32"


@pytest.mark.parametrize(
    ("capability", "expected"),
    [((9, 0), "mixed_bfloat16"), ((8, 0), "mixed_bfloat16"), ((7, 5), "mixed_float16"),
     ((7, 0), "mixed_float16"), ((6, 1), "float32"), ((0, 0), "float32")],
)  # fmt: skip
def test_a_gpu_has_the_type_of_its_tensor_cores_for_large_networks_only(native, capability, expected):
    gpu = TrainingDevice(kind="gpu", name="a GPU", capability=capability)
    assert precision.choose(plan("mnist", CONVOLUTION, batch_size=128), gpu) == expected
    assert precision.choose(plan("iris", DENSE), gpu) == "float32"
    assert precision.choose(plan("mnist", CONVOLUTION, precision="float32"), gpu) == "float32"


@pytest.mark.parametrize("asked", ["float32", "mixed_bfloat16"])
def test_what_is_asked_for_is_done(native, asked):
    assert precision.choose(plan("iris", DENSE, precision=asked)) == asked


def test_multiplications_are_counted_per_place_of_the_output():
    graph = plan("mnist", CONVOLUTION).graph
    by_hand = 26 * 26 * (9 * 32 + 32) + 24 * 24 * (9 * 32 * 64 + 64) + 24 * 24 * 64 * 10 + 10
    assert precision.multiplications(graph) == by_hand


@pytest.mark.parametrize("layer", [
    {"type": "PReLU"}, {"type": "GroupNormalization"}, {"type": "BatchNormalization"}, {"type": "LayerNormalization"},
    {"type": "DepthwiseConv2D", "kernel_size": 3, "padding": "same", "depth_multiplier": 2},
    {"type": "DepthwiseConv2D", "kernel_size": 3, "padding": "same", "strides": 2},
    {"type": "SeparableConv2D", "kernel_size": 5, "filters": 512},
    {"type": "Conv2DTranspose", "kernel_size": 3, "filters": 512, "strides": 2},
], ids=lambda layer: layer["type"])  # fmt: skip
def test_what_is_no_faster_in_bfloat16_counts_for_nothing(layer):
    first, end = CONVOLUTION[0], [{"type": "GlobalMaxPooling2D"}, CONVOLUTION[-1]]
    graph = plan("mnist", [first, layer, *end]).graph
    dense = graph.nodes[-1].parameters.trainable
    assert precision.multiplications(graph) == 26 * 26 * (9 * 32 + 32) + dense


def test_depthwise_convolutions_alone_stay_float32(monkeypatch):
    monkeypatch.setattr(precision, "has_native_bfloat16", lambda: True)
    layer = {"type": "SeparableConv2D", "filters": 256, "kernel_size": 5, "padding": "same"}
    end = [{"type": "GlobalAveragePooling2D"}, DENSE[0], CONVOLUTION[-1]]
    assert precision.choose(plan("mnist", [layer, layer, *end], batch_size=128)) == "float32"
    plain = {**layer, "kernel_size": 3}
    assert precision.choose(plan("mnist", [plain, plain, *end], batch_size=128)) == "mixed_bfloat16"


@pytest.mark.parametrize(
    ("text", "native"),
    [
        ("processor\t: 0\nflags\t\t: fpu avx512f avx512_bf16 amx_tile\n", True),
        ("flags\t\t: fpu amx_bf16\n", True),
        ("flags\t\t: fpu avx2 avx512f\n", False),
        ("model name\t: avx512_bf16\nflags\t\t: fpu\n", False),
        ("Features\t: fp asimd bf16\n", False),
        ("", False),
    ],
)
def test_flags_of_the_processor(text, native):
    assert precision.reads_native_bfloat16(text) is native


def test_the_package_is_light_until_something_is_trained():
    code = (
        "import sys, quickml.training.train, quickml.model, quickml.training.precision;"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
