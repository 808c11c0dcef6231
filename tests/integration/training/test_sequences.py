"""Recurrent layers, attention and embeddings, trained for real; and what their files are like."""

import functools
import json

import numpy as np
import pytest

import rounds
from emitted import FORMATS, answers_of, inputs_of
from quickml.datasets import load
from quickml.export.coreml.package import write
from quickml.export.coreml.reading import files
from quickml.export.runtime import Runtime
from quickml.export.verify import verify
from quickml.training.train import train
from untrained import plan_of, untrained

FOUR = {"type": "Dense", "units": 4, "activation": "softmax"}
TEN = {"type": "Dense", "units": 10, "activation": "softmax"}
ONE = {"type": "Dense", "units": 1}
SIGMOID = {"type": "Dense", "units": 1, "activation": "sigmoid"}
EMBEDDING = {"type": "Embedding", "input_dim": 3, "output_dim": 4}
WAVES = {"name": "waves", "num_samples": 600, "steps": 16, "noise": 0.0}
BRACKETS = {"name": "brackets", "num_samples": 600, "steps": 10}
QUICK = {"epochs": 6, "batch_size": 32, "optimizer": {"type": "Adam", "learning_rate": 0.01}}


def trained_on(folder, *layers, dataset, **training):
    plan = plan_of(*layers, dataset=dataset, training={**QUICK, **training})
    *_, (trained, save) = drain(train(plan, load(plan.document.dataset)))
    save(folder / "model.keras")
    return trained


def drain(stage):
    while True:
        try:
            yield next(stage)
        except StopIteration as done:
            yield done.value
            return


FAMILIES = {
    "convolution": ([{"type": "Conv1D", "filters": 8, "kernel_size": 5}, {"type": "GlobalMaxPooling1D"}, FOUR], WAVES),
    "simple": ([{"type": "SimpleRNN", "units": 16}, FOUR], WAVES),
    "lstm": ([{"type": "LSTM", "units": 16, "dropout": 0.1, "recurrent_dropout": 0.1}, FOUR], WAVES),
    "gru": ([{"type": "GRU", "units": 16}, FOUR], WAVES),
    "both ways": (
        [{"type": "Bidirectional", "layer": {"type": "GRU", "units": 8, "reset_after": False}}, FOUR], WAVES,
    ),
    "attention": (
        [
            {"type": "Conv1D", "filters": 16, "kernel_size": 5},
            {"type": "MultiHeadAttention", "num_heads": 2, "key_dim": 8, "dropout": 0.1, "use_causal_mask": True},
            {"type": "LayerNormalization"},
            {"type": "SpatialDropout1D", "rate": 0.1},
            {"type": "GlobalAveragePooling1D"},
            FOUR,
        ],
        WAVES,
    ),
    "step by step": (
        [{"type": "TimeDistributed", "layer": {"type": "Dense", "units": 8, "activation": "relu"}},
         {"type": "Permute", "dims": [2, 1]}, {"type": "Flatten"}, FOUR],
        WAVES,
    ),
    "tokens": (
        [EMBEDDING, {"type": "Bidirectional", "layer": {"type": "LSTM", "units": 8}}, SIGMOID],
        BRACKETS,
    ),
    "rows": ([{"type": "LSTM", "units": 16}, TEN], {"name": "mnist_rows", "num_samples": 600}),
    "regression": ([{"type": "GRU", "units": 16}, ONE], {"name": "adding", "num_samples": 600, "steps": 8}),
}  # fmt: skip


HALF = rounds.choose(few=("lstm", "attention"), full=("lstm", "gru", "attention", "tokens"))


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """What a family has learned, trained at the first call; its `model.keras` is in the folder that is returned too."""

    @functools.cache
    def learned(family, precision):
        layers, dataset = FAMILIES[family]
        folder = tmp_path_factory.mktemp("learned")
        return trained_on(folder, *layers, dataset=dataset, precision=precision), folder

    return learned


@pytest.mark.parametrize(
    ("family", "precision"),
    [*((family, "float32") for family in FAMILIES), *((family, "mixed_bfloat16") for family in HALF)],
)
def test_a_family_learns_and_its_files_hold_what_was_learned(family, precision, learned, tmp_path):
    trained, _ = learned(family, precision)
    losses = [epoch["loss"] for epoch in trained.history]
    assert losses[-1] < 0.9 * losses[0], losses
    for kind in FORMATS:
        verify(write(trained, kind, tmp_path), trained.probe, trained.plan.info.labels, "float32")


def test_the_same_seed_trains_the_same_network(learned, tmp_path):
    layers, dataset = FAMILIES["lstm"]
    first, second = (
        learned("lstm", "float32")[0],
        trained_on(tmp_path, *layers, dataset=dataset, precision="float32"),
    )
    for name, weights in first.weights.items():
        for key, value in weights.items():
            np.testing.assert_array_equal(value, second.weights[name][key])


@pytest.mark.parametrize(("kind", "ios"), [("mlmodel", None), ("mlpackage", None), ("mlpackage", 18)])
@pytest.mark.parametrize(
    ("layers", "dataset"),
    [
        ([{"type": "LSTM", "units": 8}, FOUR], WAVES),
        ([{"type": "GRU", "units": 8, "return_sequences": True}, {"type": "Flatten"}, FOUR], WAVES),
        ([{"type": "MultiHeadAttention", "num_heads": 2, "key_dim": 4, "use_causal_mask": True},
          {"type": "GlobalMaxPooling1D"}, FOUR], WAVES),
        ([EMBEDDING, {"type": "Bidirectional", "layer": {"type": "LSTM", "units": 4}}, SIGMOID], BRACKETS),
    ],
    ids=["lstm", "gru", "attention", "tokens"],
)  # fmt: skip
def test_float16_holds(layers, dataset, kind, ios, tmp_path):
    """From iOS 17 on, an lstm too computes in float16."""
    trained = untrained(
        plan_of(*layers, dataset=dataset, export={"weights": "float16", "minimum_ios": ios}), count=64
    )
    path = write(trained, kind, tmp_path, half=True)
    found = Runtime.load(path).outputs(trained.probe.inputs)
    assert np.abs(found - trained.probe.expected).max() < 2e-2


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(
    ("layers", "dataset", "name", "shape"),
    [
        ([{"type": "LSTM", "units": 3}, FOUR], "waves", "sequence", [1, 50, 1]),
        ([EMBEDDING, {"type": "LSTM", "units": 3}, SIGMOID], "brackets", "tokens", [1, 20]),
    ],
    ids=["sequence", "tokens"],
)
def test_an_app_hands_over_an_array(layers, dataset, name, shape, kind, tmp_path):
    description = files.read(
        write(untrained(plan_of(*layers, dataset=dataset)), kind, tmp_path)
    ).model.description
    (given,) = description.input
    array = given.type.multiArrayType
    assert (given.name, list(array.shape)) == (name, shape)
    assert array.dataType == (array.INT32 if name == "tokens" else array.FLOAT32)
    assert "steps" in given.shortDescription or "1 is (" in given.shortDescription


@pytest.mark.parametrize("kind", FORMATS)
def test_rows_of_a_picture_come_in_as_a_picture(kind, tmp_path):
    trained = untrained(plan_of({"type": "LSTM", "units": 3}, TEN, dataset="mnist_rows"), count=8)
    runtime = Runtime.load(write(trained, kind, tmp_path))
    (given,) = runtime.inputs
    assert (given.name, given.kind, given.shape) == ("image", "image", (28, 28, 1))
    np.testing.assert_allclose(runtime.outputs(trained.probe.inputs), trained.probe.expected, atol=1e-5)


def size_of(path):
    return sum(file.stat().st_size for file in [path, *path.rglob("*")] if file.is_file())


@pytest.mark.parametrize("kind", FORMATS)
def test_steps_share_their_kernels(kind, tmp_path):
    """Or a file would hold them as often as there are steps."""
    sizes = {}
    for steps in (16, 48):
        plan = plan_of({"type": "GRU", "units": 256}, FOUR, dataset={**WAVES, "steps": steps})
        (tmp_path / str(steps)).mkdir()
        sizes[steps] = size_of(write(untrained(plan, count=4), kind, tmp_path / str(steps)))
    kernels = 4 * 3 * 256 * 257
    assert kernels < sizes[16] < sizes[48] < 2 * kernels


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("reset_after", [True, False])
def test_a_gru_is_the_published_one(reset_after, kind, tmp_path):
    """Cho et al. 2014, equations 5 to 8, where z and h change places; and cuDNN's variant of it."""
    plan = plan_of(
        {"type": "GRU", "units": 5, "reset_after": reset_after, "name": "gru"}, FOUR, dataset=WAVES
    )
    trained = untrained(plan, count=3)
    w = {key: value.astype(np.float64) for key, value in trained.weights["gru"].items()}
    parts = [np.split(w[key], 3, axis=-1) for key in ("kernel", "recurrent_kernel", "bias")]
    (kz, kr, kh), (uz, ur, uh), (bz, br, bh) = parts
    norm = trained.weights["normalization"]
    x = (trained.probe.inputs - norm["mean"]) / np.sqrt(norm["variance"])
    h = np.zeros((3, 5))
    for step in range(x.shape[1]):
        row = x[:, step].astype(np.float64)
        if reset_after:
            z = sigmoid(row @ kz + bz[0] + h @ uz + bz[1])
            r = sigmoid(row @ kr + br[0] + h @ ur + br[1])
            new = np.tanh(row @ kh + bh[0] + r * (h @ uh + bh[1]))
        else:
            z, r = sigmoid(row @ kz + bz + h @ uz), sigmoid(row @ kr + br + h @ ur)
            new = np.tanh(row @ kh + bh + (r * h) @ uh)
        h = z * h + (1 - z) * new
    dense = trained.weights["dense"]
    scores = h @ dense["kernel"] + dense["bias"]
    expected = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    found = Runtime.load(write(trained, kind, tmp_path)).outputs(trained.probe.inputs)
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("kind", FORMATS)
def test_no_step_sees_a_later_one(kind, tmp_path):
    """Causal layers: a change at the end leaves what came before as it was."""
    parts = [
        {"type": "Conv1D", "filters": 4, "kernel_size": 3, "padding": "causal", "dilation_rate": 2},
        {"type": "MultiHeadAttention", "num_heads": 2, "key_dim": 4, "use_causal_mask": True},
        {"type": "GRU", "units": 3, "return_sequences": True},
    ]
    shape = (9, 2)
    first = inputs_of(shape)
    second = first.copy()
    second[:, 6:] += 1
    (_, before), (_, after) = (answers_of(parts, shape, kind, tmp_path, x) for x in (first, second))
    before, after = before.reshape(3, 9, 3), after.reshape(3, 9, 3)
    np.testing.assert_array_equal(before[:, :6], after[:, :6])
    assert np.abs(before[:, 6] - after[:, 6]).max() > 1e-3


def test_layers_of_sequences_stack(tmp_path):
    parts = [
        {"type": "ZeroPadding1D", "padding": [1, 2]},
        {"type": "Bidirectional", "layer": {"type": "LSTM", "units": 3, "return_sequences": True}},
        {"type": "BatchNormalization"},
        {"type": "Activation", "activation": "softmax"},
        {"type": "AveragePooling1D", "pool_size": 2, "padding": "same"},
        {"type": "Dense", "units": 6},
        {"type": "Reshape", "target_shape": [3, 2, 6]},
        {"type": "Conv2D", "filters": 4, "kernel_size": 2},
        {"type": "Permute", "dims": [3, 1, 2]},
        {"type": "Reshape", "target_shape": [4, -1]},
        {"type": "Softmax", "axis": 1},
        {"type": "SimpleRNN", "units": 5},
        {"type": "RepeatVector", "n": 3},
        {"type": "GRU", "units": 2, "go_backwards": True},
    ]
    for kind in FORMATS:
        expected, found = answers_of(parts, (8, 2), kind, tmp_path, inputs_of((8, 2)))
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_the_saved_model_is_kerass_own(learned):
    """What is beside the files loads with Keras alone, and answers the same."""
    from quickml.training.backend import keras

    trained, folder = learned("attention", "float32")
    model = keras.models.load_model(folder / "model.keras")
    found = np.asarray(model(trained.probe.inputs[:20]))
    np.testing.assert_allclose(found, trained.probe.expected[:20], atol=1e-5)
    assert json.loads(model.to_json())["config"]["layers"][0]["config"]["name"] == "sequence"
