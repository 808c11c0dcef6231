"""The film of a training: every frame against Keras, and what it does not depend on."""

import math
from contextlib import closing
from itertools import pairwise

import numpy as np
import pytest

from quickml.datasets import load
from quickml.film import Film, Part
from quickml.film.scales import HELD
from quickml.training.checkpoint_policy import CheckpointPolicy
from quickml.training.chunks import ChunkSizer
from quickml.training.train import never
from small_training import make_plan, out, pictures, rings, slope

QUICK = {
    "epochs": 3,
    "batch_size": 16,
    "precision": "float32",
    "optimizer": {"type": "Adam", "learning_rate": 0.05},
}
WAVES = {"name": "waves", "num_samples": 100, "steps": 80}
BRACKETS = {"name": "brackets", "num_samples": 100, "steps": 6}
CONVOLUTION = {"type": "Conv2D", "filters": 10, "kernel_size": 3}

NETWORKS = {
    "plane": ("circles", [
        {"type": "Dense", "units": 5, "activation": "tanh"}, {"type": "Dropout", "rate": 0.2},
        {"type": "Dense", "units": 70}, {"type": "LeakyReLU"}, out(),
    ], {}),
    "one output": ("circles", [{"type": "Dense", "units": 4, "activation": "sigmoid"}, out(1, "sigmoid")], {}),
    "branches": ("circles", [
        {"type": "Dense", "units": 6, "activation": "relu", "name": "a"},
        {"type": "Dense", "units": 6, "activation": "gelu", "inputs": ["input"], "name": "b"},
        {"type": "Add", "inputs": ["a", "b"]}, out(),
    ], {}),
    "regression": ("diabetes", [{"type": "Dense", "units": 8, "activation": "relu"}, {"type": "Dense", "units": 1}], {}),
    "pictures": ("digits", [
        {"type": "RandomTranslation", "height_factor": 0.1, "width_factor": 0.1}, CONVOLUTION,
        {"type": "BatchNormalization"}, {"type": "Activation", "activation": "relu"},
        {"type": "UpSampling2D", "size": 3}, {"type": "DepthwiseConv2D", "kernel_size": 3}, {"type": "Flatten"},
        {"type": "Dropout", "rate": 0.5}, out(10),
    ], {}),
    "bfloat16": ("digits", [CONVOLUTION, {"type": "Flatten"}, out(10)], {"precision": "mixed_bfloat16"}),
    "bfloat16 without a picture": ("circles", [out(8, "relu"), out()], {"precision": "mixed_bfloat16"}),
    "sequences": (WAVES, [
        {"type": "Conv1D", "filters": 4, "kernel_size": 5, "strides": 2}, {"type": "GRU", "units": 5, "return_sequences": True},
        {"type": "LSTM", "units": 20}, out(4),
    ], {}),
    "tokens": (BRACKETS, [
        {"type": "Embedding", "input_dim": 3, "output_dim": 4},
        {"type": "Bidirectional", "layer": {"type": "LSTM", "units": 3}}, out(1, "sigmoid"),
    ], {}),
}  # fmt: skip


class Watcher:
    """Receives frames, and remembers the weights of the network at each of them."""

    def __init__(self):
        self.model, self.weights, self.bodies = None, {}, {}

    def start(self, head):
        self.head = head
        self.bodies.clear()

    def note(self, head):
        self.head = head

    def add(self, number, body):
        self.bodies[number] = body
        self.weights[number] = self.model.get_weights()

    def drop(self, numbers):
        for number in numbers:
            del self.bodies[number]

    @property
    def film(self):
        records = (
            number.to_bytes(4, "little") + len(body).to_bytes(4, "little") + body
            for number, body in self.bodies.items()
        )
        return Film.read(self.head + b"".join(records))


def filmed(plan, data, *, stop=never, sink=None):
    """Train: the fitted training, and events."""
    from quickml.training.stages import Stages

    stages, events = Stages(plan, data), []
    if sink:
        sink.model = stages.model
    work = stages.fit(stop, None, sink)
    while True:
        try:
            events.append(next(work))
        except StopIteration as end:
            return end.value, events, stages


def data_of(plan):
    own = {"circles": rings, "diabetes": slope, "digits": lambda: pictures(train=40, test=60)}
    return own.get(plan.info.name, lambda: load(plan.document.dataset))()


@pytest.fixture(scope="module", params=NETWORKS)
def shot(request):
    """A network that was filmed: its plan, its data and who watched."""
    dataset, layers, options = NETWORKS[request.param]
    plan = make_plan(dataset, layers, **{**QUICK, **options})
    data, watcher = data_of(plan), Watcher()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("quickml.training.film.recorder.WAITING", 1)  # the watcher reads the weights of a frame
        fitted, events, _ = filmed(plan, data, sink=watcher)
    assert not [event for event in events if event.type == "warning"]
    return request.param, plan, data, watcher, fitted


PARTS = {
    "plane": ["grid", "unit/dense", "unit/dense_1", "probes", "activation/dense", "activation/leaky_re_lu", "activation/dense_2"],
    "one output": ["grid", "unit/dense", "probes", "activation/dense", "activation/dense_1"],
    "branches": ["grid", "unit/a", "unit/b", "probes", "activation/a", "activation/b", "activation/add", "activation/dense"],
    "regression": ["probes", "activation/dense", "activation/dense_1", "activation/target_normalization"],
    "pictures": [
        "probes", "activation/activation", "activation/depthwise_conv2d", "activation/dense", "filters/conv2d/kernel",
    ],
    "bfloat16": ["probes", "activation/conv2d", "activation/dense", "filters/conv2d/kernel"],
    "bfloat16 without a picture": ["grid", "unit/dense", "probes", "activation/dense", "activation/dense_1"],
    "sequences": [
        "probes", "activation/conv1d", "activation/gru", "activation/lstm", "activation/dense", "filters/conv1d/kernel",
    ],
    "tokens": ["probes", "activation/embedding", "activation/bidirectional", "activation/dense"],
}  # fmt: skip
"""Besides weights and histograms."""


def test_a_film_has_the_parts_of_its_network(shot):
    name, plan, data, watcher, _ = shot
    film = watcher.film
    parts = list(film.frames[0].parts)
    assert [part for part in parts if not part.startswith(("weights/", "histogram/"))] == PARTS[name]
    kernels = {
        "/".join(part.split("/")[1:])
        for part in parts
        if part.startswith("weights/") and ("kernel" in part or part.endswith("embeddings"))
    }
    assert kernels or plan.graph.parameters.total > 2000
    assert kernels <= {part.removeprefix("histogram/") for part in parts if part.startswith("histogram/")}
    steps = -(-len(data.x_train) // 16)
    assert [film.frames[0].number, film.frames[-1].number] == [0, 3 * steps]
    assert {steps, 2 * steps} <= {frame.number for frame in film.frames}
    header = film.header
    assert (header["steps_per_epoch"], header["epochs"], header["task"]) == (steps, 3, plan.info.task)
    assert header["labels"] == list(plan.info.labels)
    assert header["shown"] == header["probes"][0]
    assert len(set(header["probes"])) == min(32, len(data.x_test))
    if plan.info.labels:
        counts = np.bincount(data.y_test[header["probes"]])
        assert len(counts) == len(plan.info.labels)
        assert counts.max() - counts.min() <= 1
    assert len(watcher.head) < 10_000


class Reference:
    """A network in float32 with the weights of a frame, run by Keras."""

    def __init__(self, plan, weights):
        from quickml.training.build import build
        from quickml.training.normalize import settle

        self.plan, self.model = plan, build(plan, "float32")
        self.model.set_weights(weights)
        settle(plan, self.model)

    def output(self, layer, inputs):
        from quickml.training.backend import keras

        found = self.model.get_layer(layer)
        result = found.output
        if isinstance(found, keras.layers.LSTM):  # what a film shows are the states of all steps
            states = keras.layers.LSTM(found.units, return_sequences=True)
            result = states(found.input)
            states.set_weights(found.get_weights())
        return np.asarray(keras.Model(self.model.input, result)(inputs.astype(np.float32), training=False))

    def answers(self, inputs):
        found = np.asarray(self.model(inputs.astype(np.float32), training=False))
        return found[:, 1:] if found.shape[1] == 2 else found

    def weight(self, layer, name):
        from quickml.training.weights import weights

        return weights(self.model)[layer][name]


def points(header, size):
    places = [
        np.array([low + (i + 0.5) * (high - low) / size for i in range(size)])
        for low, high in header["grid"].values()
    ]
    return np.array([[x, y] for y in places[1] for x in places[0]], np.float32)


def pooled(array, most):
    """Means over equal pieces along the first axes but the last, so that none is longer than `most`."""
    step = math.ceil(max(array.shape[:-1], default=1) / most)
    for axis in range(array.ndim - 1):
        pieces = [
            array.take(range(at, min(at + step, array.shape[axis])), axis).mean(axis, keepdims=True)
            for at in range(0, array.shape[axis], step)
        ]
        array = np.concatenate(pieces, axis)
    return array


def expected(name, reference, data, header):
    kind, _, rest = name.partition("/")
    layer, _, variable = rest.partition("/")
    if kind in ("weights", "histogram"):
        return reference.weight(layer, variable)
    if kind == "filters":
        return np.moveaxis(reference.weight(layer, variable).mean(-2), -1, 0)
    if kind == "probes":
        return reference.answers(data.x_test[header["probes"]])
    if kind == "grid":
        return reference.answers(points(header, 64)).T.reshape(-1, 64, 64)
    if kind == "unit":
        last = (
            {"dense_1": "leaky_re_lu"}.get(layer, layer)
            if reference.plan.graph.parameters.total > 500
            else layer
        )
        return reference.output(last, points(header, 16)).T.reshape(-1, 16, 16)[
            : 59 if last != layer else None
        ]
    (shown,) = reference.output(layer, data.x_test[header["shown"]][None])
    if shown.ndim == 3:
        return pooled(shown[..., :8], 14).transpose(2, 0, 1)
    return pooled(shown[..., :16], 64) if shown.ndim == 2 else shown[:64]


def closeness(part, ranges):
    """Largest error of each value, besides that of float32."""
    if part.kind == "fixed":
        return HELD * (part.high - part.low) / (2**part.bits - 1)
    spans = (ranges[:, 1] - ranges[:, 0]).reshape(-1, *(1,) * (len(part.shape) - 1))
    return HELD * spans / (2**part.bits - 1)


def test_every_frame_shows_what_keras_computes_with_its_weights(shot):
    _, plan, data, watcher, _ = shot
    film = watcher.film
    parts = {described["name"]: Part.from_json(described, "part") for described in film.header["parts"]}
    for frame in (film.frames[0], film.frames[len(film.frames) // 2], film.frames[-1]):
        reference = Reference(plan, watcher.weights[frame.number])
        for name, part in parts.items():
            found, true = frame.parts[name], expected(name, reference, data, film.header)
            if part.kind == "histogram":
                low, high = frame.parts.ranges(name)[0]
                assert low <= true.min() <= true.max() <= high
                counts = np.histogram(true, bins=32, range=(low, max(high, low + 1e-6)))[0]
                np.testing.assert_allclose(found, counts / true.size, atol=0.02, err_msg=name)
                continue
            assert found.shape == true.shape, name
            if part.kind == "float16":
                np.testing.assert_allclose(found, true, rtol=1 / 400, atol=1e-6, err_msg=name)
                continue
            error = np.abs(found - true) - closeness(part, frame.parts.ranges(name))
            assert error.max() < 2e-5 * max(1.0, np.abs(true).max()), name


def test_the_frames_that_were_sent_are_those_of_the_film(shot):
    _, _, _, watcher, fitted = shot
    sent, film = watcher.film, Film.read(fitted.film)
    assert sent.header == film.header
    for mine, theirs in zip(sent.frames, film.frames, strict=True):
        assert mine.number == theirs.number
        np.testing.assert_array_equal(mine.loss, theirs.loss)
        for name in mine.parts:
            np.testing.assert_array_equal(mine.parts[name], theirs.parts[name])


# --------------------------------------------------------------- what a film depends on, and what depends on it

MIXED = [{"type": "Dense", "units": 4, "activation": "relu"}, {"type": "Dropout", "rate": 0.2}, out()]
STOPPING = {
    **QUICK, "epochs": 9, "validation_fraction": 0.2, "batch_size": 3,
    "early_stopping": {"monitor": "val_loss", "patience": 1, "min_delta": 10.0},
}  # fmt: skip


def weights_of(stages):
    return np.concatenate([each.ravel() for each in stages.model.get_weights()])


@pytest.mark.parametrize("lengths", [[1], [5, 1, 3], [1000]])
def test_the_film_does_not_depend_on_the_length_of_chunks_or_when_frames_are_taken(monkeypatch, lengths):
    plan, data = make_plan(layers=MIXED, **{**QUICK, "epochs": 2, "batch_size": 1}), rings(train=200)
    fitted, told, stages = filmed(plan, data)
    rounds = iter(lengths * 500)
    monkeypatch.setattr(ChunkSizer, "length", lambda _, remaining: min(next(rounds), remaining))
    monkeypatch.setattr("quickml.training.film.recorder.WAITING", lengths[0])
    again, told_again, others = filmed(plan, data)
    assert again.film == fitted.film
    np.testing.assert_array_equal(weights_of(others), weights_of(stages))
    assert losses_of(told_again) == losses_of(told)
    frames = Film.read(fitted.film).frames
    assert len(frames) > 20, "marks within epochs"
    steps = losses_of(told)
    assert len(steps) == 400
    for before, frame in pairwise(frames):
        mean = np.mean(steps[before.number : frame.number])
        assert frame.loss == pytest.approx(mean, rel=1e-3), "batches of one sample"


def losses_of(told):
    batches = [event for event in told if event.type == "batches"]
    count = 1
    for event in batches:
        assert (event.first, event.every) == (count, 1)
        assert 1 <= len(event.losses) <= 64
        count += len(event.losses)
    return [loss for event in batches for loss in event.losses]


def test_training_is_the_same_without_a_film(monkeypatch):
    from quickml.training.stages import Stages

    def nobody(*_):
        yield from ()

    for layers in (MIXED, [{"type": "Reshape", "target_shape": [2, 1]}, {"type": "LSTM", "units": 3}, out()]):
        plan = make_plan(layers=layers, **QUICK)
        with_film, _, stages = filmed(plan, rings())
        with monkeypatch.context() as patch:
            patch.setattr(Stages, "_recorder", nobody)
            without, _, others = filmed(plan, rings())
        assert with_film.film
        assert not without.film
        np.testing.assert_array_equal(weights_of(stages), weights_of(others))
        assert [entry["loss"] for entry in with_film.history] == pytest.approx(
            [entry["loss"] for entry in without.history], rel=1e-12
        )


def test_weights_that_early_stopping_restores_have_a_frame():
    plan, watcher = make_plan(layers=MIXED, **STOPPING), Watcher()
    fitted, events, stages = filmed(plan, rings(train=30), sink=watcher)
    steps = 8 * len(fitted.history)
    assert (fitted.stopped, len(fitted.history)) == ("early_stopping", 2)
    film = Film.read(fitted.film)
    last, restored = film.frames[-2:]
    assert (last.number, restored.number) == (steps, steps + 1)
    kernel = stages.model.get_layer("dense").kernel.numpy()
    np.testing.assert_allclose(restored.parts["weights/dense/kernel"], kernel, rtol=1 / 400)
    assert np.abs(last.parts["weights/dense/kernel"] - kernel).max() > 0.01
    assert math.isnan(restored.loss)
    assert (film.restored, film.epoch(steps + 1)) == (steps + 1, 2)
    assert watcher.film.header == film.header
    snapshot = [event for event in events if event.type == "snapshot"][-1]
    assert (snapshot.frame, snapshot.epoch, snapshot.frames) == (steps + 1, 2, len(film.frames))
    assert snapshot.size_bytes == len(fitted.film)


def test_a_network_with_more_parts_than_a_frame_has_those_that_fit(monkeypatch):
    monkeypatch.setattr("quickml.film.layout.MAX_PARTS", 4)
    fitted, events, _ = filmed(make_plan(layers=MIXED, **{**QUICK, "epochs": 1}), rings())
    assert not [event for event in events if event.type == "warning"]
    found = [part["name"] for part in Film.read(fitted.film).header["parts"]]
    assert (len(found), found[0]) == (4, "grid")


def test_a_training_that_was_asked_to_stop_has_a_frame_of_its_last_step():
    asked = iter([False] * 5)
    plan = make_plan(layers=MIXED, **{**QUICK, "epochs": 60, "batch_size": 1})
    fitted, events, stages = filmed(plan, rings(), stop=lambda: next(asked, True))
    assert fitted.stopped == "asked"
    last = Film.read(fitted.film).frames[-1]
    assert last.number == len(losses_of(events)) < 60 * 90
    kernel = stages.model.get_layer("dense").kernel.numpy()
    np.testing.assert_allclose(last.parts["weights/dense/kernel"], kernel, rtol=1 / 400)


def test_a_resumed_training_whose_film_was_thinned_has_the_same_film(tmp_path):
    from quickml.training.stages import Stages

    plan = make_plan(layers=MIXED, **{**QUICK, "epochs": 300, "batch_size": 90})
    fitted, *_ = filmed(plan, rings())
    film = Film.read(fitted.film)
    assert [frame.number for frame in film.frames] == list(range(0, 301, 2))
    for last in (100, 250, None):  # before and after every second frame was dropped
        policy = CheckpointPolicy(path=tmp_path / "checkpoint.npz", every_s=1e9)
        watcher, stages = Watcher(), Stages(plan, rings())
        watcher.model = stages.model
        with closing(stages.fit(never, policy, watcher)) as work:
            try:
                while True:
                    event = next(work)
                    if event.type == "epoch" and event.epoch == last:
                        break
            except StopIteration as end:
                assert end.value.film == fitted.film
    assert list(watcher.bodies) == [frame.number for frame in film.frames]


def test_what_cannot_be_filmed_is_told_of_and_training_goes_on(monkeypatch):
    from quickml.training.film.direct import DirectForward

    plan = make_plan(layers=MIXED, **QUICK)
    _, _, stages = filmed(plan, rings())
    looks = iter([DirectForward.look] * 2)

    def look(self, *weights):
        if wanted := next(looks, None):
            return wanted(self, *weights)
        raise RuntimeError("no look\nat all")

    monkeypatch.setattr(DirectForward, "look", look)
    fitted, events, others = filmed(plan, rings())
    (warning,) = [event.message for event in events if event.type == "warning"]
    assert warning == "no more frames are recorded (RuntimeError: no look); training continues"
    assert len(Film.read(fitted.film).frames) == 2
    np.testing.assert_array_equal(weights_of(others), weights_of(stages))


@pytest.mark.parametrize("value", [math.nan, -3e38])
@pytest.mark.parametrize("name", ["plane", "pictures", "sequences"])
def test_weights_that_are_not_finite_can_be_filmed(name, value):
    from quickml.training.film.recorder import Recorder
    from quickml.training.film.subject import Subject
    from quickml.training.stages import Stages

    dataset, layers, options = NETWORKS[name]
    plan = make_plan(dataset, layers, **{**QUICK, **options})
    data = data_of(plan)
    stages = Stages(plan, data)
    for variable in stages.model.trainable_variables:
        variable.assign(np.full(variable.shape, value, np.float32))
    subject = Subject(plan=plan, model=stages.model, precision="float32", data=data, steps=3, graphs=[])
    recorder = Recorder(subject)
    recorder.start()
    assert [event.type for event in recorder.news()] == ["snapshot"]
    (frame,) = Film.read(recorder.film).frames
    assert all(np.isfinite(frame.parts[part]).all() for part in frame.parts)
