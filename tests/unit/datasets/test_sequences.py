"""Datasets of sequences and tokens: what is in them, and what the document makes of them."""

import numpy as np
import pytest

from quickml.datasets import load
from quickml.datasets.builtin.images import Mnist, MnistRows
from quickml.datasets.builtin.sequences import Adding, Brackets, Waves
from quickml.document import understand
from quickml.errors import DocumentError
from quickml.report.sequences import HEIGHT, WIDTH, meanings, paths
from quickml.training.probe import LEAST, probe_inputs
from untrained import plan_of

SOFTMAX = {"type": "Dense", "units": 4, "activation": "softmax"}
SIGMOID = {"type": "Dense", "units": 1, "activation": "sigmoid"}
LSTM = {"type": "LSTM", "units": 3}


def whole(dataset):
    data = load(dataset)
    return np.concatenate([data.x_train, data.x_test]), np.concatenate([data.y_train, data.y_test])


def complaints(*layers, dataset):
    with pytest.raises(DocumentError) as caught:
        plan_of(*layers, dataset=dataset)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize("cls", [Waves, Adding, Brackets])
def test_the_seed_decides_and_steps_are_an_option(cls):
    small = {"num_samples": 60, "steps": 16}
    first, again, other = load(cls(**small)), load(cls(**small)), load(cls(**small, seed=1))
    np.testing.assert_array_equal(first.x_train, again.x_train)
    np.testing.assert_array_equal(first.y_test, again.y_test)
    assert (first.x_train != other.x_train).any()
    assert first.x_train.shape[1] == 16


def test_waves_without_noise_have_their_shape():
    x, y = whole(Waves(num_samples=400, noise=0.0, steps=200))
    heights = x[..., 0] / np.abs(x[..., 0]).max(axis=1, keepdims=True)
    jumps = np.abs(np.diff(heights, axis=1)).max(axis=1)
    assert (np.bincount(y) == 100).all()
    assert set(np.round(heights[y == 1].ravel(), 4)) == {-1.0, 1.0}
    assert (jumps[y == 3] > 1.9).all(), "a sawtooth falls at once"
    assert (jumps[(y == 0) | (y == 2)] < 0.2).all()
    bends = np.abs(np.diff(heights, n=2, axis=1))
    straight = (bends < 1e-4).mean(axis=1)
    assert straight[y == 2].min() > 0.8 > 0.2 > straight[y == 0].max(), "lines, and a curve"


def test_adding_marks_two_numbers_and_asks_for_their_sum():
    x, y = whole(Adding(num_samples=300, steps=9))
    numbers, marks = x[..., 0], x[..., 1]
    assert (marks[:, :4].sum(axis=1) == 1).all()
    assert (marks[:, 4:].sum(axis=1) == 1).all()
    assert numbers.min() >= 0
    assert numbers.max() <= 1
    np.testing.assert_allclose((numbers * marks).sum(axis=1), y, rtol=1e-6)


def is_balanced(tokens):
    depth = 0
    for token in tokens:
        depth += {0: 0, 1: 1, 2: -1}[int(token)]
        if depth < 0:
            return False
    return depth == 0


@pytest.mark.parametrize("steps", [4, 5, 20])
def test_brackets_are_labelled_as_they_are(steps):
    x, y = whole(Brackets(num_samples=400, steps=steps))
    assert [is_balanced(tokens) for tokens in x] == list(y == 1)
    assert (np.bincount(y) == 200).all()
    even = (x == 1).sum(axis=1) == (x == 2).sum(axis=1)
    assert 0.3 < even[y == 0].mean() < 0.7, "counting alone does not do"
    for tokens in x:
        used = np.trim_zeros(tokens, "b")
        assert (used > 0).all(), "nothing stands behind, not between"


def test_mnist_rows_are_the_pictures_of_mnist():
    rows, pictures = load(MnistRows(num_samples=100)), load(Mnist(num_samples=100))
    np.testing.assert_array_equal(rows.x_train, pictures.x_train[..., 0])
    np.testing.assert_array_equal(rows.x_test, pictures.x_test[..., 0])


def test_what_goes_in_front_depends_on_what_comes_in():
    first = {
        "waves": plan_of(LSTM, SOFTMAX, dataset="waves"),
        "mnist_rows": plan_of(LSTM, {**SOFTMAX, "units": 10}, dataset="mnist_rows"),
        "brackets": plan_of(
            {"type": "Embedding", "input_dim": 3, "output_dim": 2}, LSTM, SIGMOID, dataset="brackets"
        ),
    }
    types = {name: plan.document.model.layers[0].type for name, plan in first.items()}
    assert types == {"waves": "Normalization", "mnist_rows": "Rescaling", "brackets": "Embedding"}


def test_an_embedding_needs_a_row_for_every_token():
    found = complaints(
        {"type": "Embedding", "input_dim": 2, "output_dim": 2}, LSTM, SIGMOID, dataset="brackets"
    )
    assert found == [
        "/model/layers/0/input_dim: Embedding expects input_dim of at least 3, one for each token of brackets,"
        " found 2; write 3"
    ]


def test_tokens_are_no_numbers():
    assert complaints({"type": "Dense", "units": 4}, SIGMOID, dataset="brackets") == [
        "/model/layers/0: Dense expects numbers, found the tokens of brackets; "
        'put {"type": "Embedding", "input_dim": 3, "output_dim": 8}, {"type": "Flatten"} before it'
    ]


def test_numbers_are_no_tokens():
    embedding = {"type": "Embedding", "input_dim": 9, "output_dim": 2}
    (found,) = complaints(embedding, {"type": "Flatten"}, {**SOFTMAX, "units": 3}, dataset="iris")
    assert found.startswith(
        "/model/layers/0: Embedding expects the tokens of a dataset, straight from the input"
    )


@pytest.mark.parametrize(
    ("layers", "dataset", "beginning"),
    [
        (
            [{"type": "Dense", "units": 4}, {"type": "GRU", "units": 2}, {**SOFTMAX, "units": 3}],
            "iris",
            "/model/layers/1: GRU expects a sequence of (steps, features), found (4,); put a Reshape",
        ),
        (
            [LSTM, LSTM, SOFTMAX],
            "waves",
            "/model/layers/1: LSTM expects a sequence of (steps, features), found (3,); put a Reshape to (steps, "
            'features) before it, or, behind a recurrent layer, set its "return_sequences" to true',
        ),
        (
            [{"type": "Conv1D", "filters": 2, "kernel_size": 60}, {"type": "Flatten"}, SOFTMAX],
            "waves",
            "/model/layers/0/kernel_size: Conv1D expects at least 60 steps for this kernel_size, found (50, 1)",
        ),
        (
            [{"type": "Bidirectional", "layer": {**LSTM, "name": "mine"}}, SOFTMAX],
            "waves",
            "/model/layers/0/layer/name: Bidirectional expects no `name` in a layer within a layer, found one",
        ),
        (
            [{"type": "Bidirectional", "layer": {**LSTM, "go_backwards": True}}, SOFTMAX],
            "waves",
            "/model/layers/0/layer/go_backwards: Bidirectional expects false: it goes both ways, found true",
        ),
        (
            [{"type": "RepeatVector", "n": 600}, {"type": "GRU", "units": 2}, {**SOFTMAX, "units": 3}],
            "iris",
            "/model/layers/1: GRU expects at most 512 steps, found 600; an LSTM with its default activations",
        ),
        (
            [{"type": "Permute", "dims": [1, 1]}, {"type": "Flatten"}, SOFTMAX],
            "waves",
            "/model/layers/0/dims: Permute expects each of 1 to 2 once, found (1, 1); the layer before gives (50, 1)",
        ),
        (
            [{"type": "LayerNormalization", "axis": [1, -2]}, {"type": "Flatten"}, SOFTMAX],
            "waves",
            "/model/layers/0/axis: LayerNormalization expects at least one axis, each once, found [1, -2]",
        ),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(layers, dataset, beginning):
    found, *_ = complaints(*layers, dataset=dataset)
    assert found.startswith(beginning)


@pytest.mark.parametrize(
    ("layer", "found"),
    [
        (
            {"type": "LSTM", "unit": 3},
            {
                "/model/layers/0/layer: LSTM expects the key 'units', found none",
                "/model/layers/0/layer/unit: LSTM expects a known key, found 'unit'; did you mean 'units'?",
            },
        ),
        (
            {"type": "Dense", "units": 3},
            {'/model/layers/0/layer/type: expected a known type, found "Dense"; known: SimpleRNN, LSTM, GRU'},
        ),
    ],
)
def test_a_layer_within_a_layer_is_checked_as_any_other(layer, found):
    document = {
        "name": "wrong",
        "dataset": "waves",
        "model": {"layers": [{"type": "Bidirectional", "layer": layer}]},
    }
    with pytest.raises(DocumentError) as caught:
        understand(document)
    assert {str(problem) for problem in caught.value.problems} == found


@pytest.mark.parametrize(("end", "dataset"), [(SOFTMAX, "waves"), ({"type": "Dense", "units": 1}, "adding")])
def test_an_answer_for_every_step_is_too_many(end, dataset):
    (found,) = complaints({**LSTM, "return_sequences": True}, end, dataset=dataset)
    assert 'set "return_sequences" to false in the last recurrent layer' in found


def test_varied_tokens_are_tokens():
    tokens = load(Brackets(num_samples=100)).x_test
    inputs, held_out = probe_inputs(tokens, 0)
    assert (inputs.dtype, len(inputs), held_out) == (np.int32, LEAST, len(tokens))
    assert set(np.unique(inputs)) <= {0, 1, 2}
    assert len(np.unique(inputs[held_out:], axis=0)) > 100


def test_long_unrolled_sequences_are_counted_into_memory():
    sizes = [
        plan_of(LSTM, SOFTMAX, dataset={"name": "waves", "steps": steps}).memory_bytes for steps in (50, 500)
    ]
    assert sizes[1] > 5 * sizes[0]


def test_a_sequence_is_drawn_inside_its_picture():
    drawn = paths(np.array([[0.0, 5.0], [10.0, 5.0], [2.0, 5.0]], np.float32))
    assert len(drawn) == 2
    points = [tuple(map(float, point.split(","))) for line in drawn for point in line[1:].split()]
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)
    assert points[0][1] > points[2][1] > points[1][1], "0 below 2 below 10"
    assert len({y for _, y in points[3:]}) == 1
    assert paths(np.zeros((4, 1), np.float32))[0].count(",") == 4, "a flat one is drawn too"


def test_tokens_are_written_as_what_they_mean():
    vocabulary = Brackets().info().vocabulary
    assert meanings(np.array([1, 2, 0, 1, 0, 0]), vocabulary) == "( ) nothing ("
