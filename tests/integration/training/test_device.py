"""The device of a training. GPUs are made up, but for the last test, which needs a real one."""

import contextlib

import numpy as np
import pytest

from quickml import pipeline
from quickml.errors import TrainingError
from quickml.training import device, stages, train
from quickml.training.backend import tf
from quickml.training.build import build
from quickml.training.device import CPU, TrainingDevice, device_for, placed
from small_training import make_plan, out, pictures, rings

HAS_GPU = bool(tf.config.list_physical_devices("GPU"))
without_gpu = pytest.mark.skipif(HAS_GPU, reason="this machine has a GPU")


class Untouched:
    def load(self, reference):
        pytest.fail("the data was loaded")


@pytest.fixture
def turing(monkeypatch):
    """TensorFlow says that there are two GPUs, and places nothing there."""
    gpus = [tf.config.PhysicalDevice(f"/physical_device:GPU:{number}", "GPU") for number in range(2)]
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: gpus if kind == "GPU" else [])
    details = {"device_name": "Tesla T4", "compute_capability": (7, 5)}
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda gpu: details)
    visible = []
    monkeypatch.setattr(tf.config, "set_visible_devices", lambda some, kind: visible.append(list(some)))
    return visible


@pytest.fixture
def run():
    def run(plan, data):
        events, training = [], train.train(plan, data)
        while True:
            try:
                events.append(next(training))
            except StopIteration as end:
                return events, end.value[0]

    return run


@without_gpu
def test_without_a_gpu_a_training_that_needs_one_ends_before_its_data_is_loaded(tmp_path, monkeypatch):
    assert device_for("auto") == device_for("cpu") == CPU
    with pytest.raises(TrainingError, match=r"/training/accelerator: expected a GPU, found none .* write"):
        list(pipeline.run(make_plan(accelerator="gpu"), tmp_path / "result", catalog=Untouched()))


def test_the_first_gpu_is_used_unless_the_processor_is_asked_for(turing):
    gpu = TrainingDevice(kind="gpu", name="Tesla T4", capability=(7, 5))
    assert device_for("auto") == device_for("gpu") == gpu
    assert [len(some) for some in turing] == [1, 1]
    assert device_for("cpu") == CPU


def test_a_seat_takes_its_share_of_the_memory(turing, monkeypatch):
    limits = []
    monkeypatch.setattr(
        tf.config, "set_logical_device_configuration", lambda gpu, some: limits.append((gpu.name, some))
    )
    device.use_gpu(3 << 30)
    assert limits == [
        ("/physical_device:GPU:0", [tf.config.LogicalDeviceConfiguration(memory_limit=3 << 10)])
    ]


def test_only_the_work_between_events_is_placed_on_the_processor(turing):
    here, closed = [], []

    def place():
        return tf.constant(1.0).device.rpartition("/")[2]

    def work():
        with contextlib.ExitStack() as at_end:
            at_end.callback(lambda: closed.append(place()))
            here.append(tf.executing_eagerly())
            yield "event"
            yield "another"
        return "result"

    found = placed(work(), CPU)
    assert [next(found), next(found)] == ["event", "another"]
    with pytest.raises(StopIteration, match="result"):
        next(found)
    assert closed == ["device:CPU:0"]
    left = placed(work(), CPU)
    next(left)
    left.close()
    assert closed == ["device:CPU:0"] * 2


@pytest.mark.parametrize(
    "layers",
    [
        [{"type": "Conv2D", "filters": 8, "kernel_size": 3}, {"type": "BatchNormalization", "momentum": 0.8}, {"type": "ReLU"},
         {"type": "MaxPooling2D"}, {"type": "Flatten"}, {"type": "Dropout", "rate": 0.1}],
        [{"type": "Flatten"}, {"type": "Dense", "units": 32, "activation": "gelu"}, {"type": "LayerNormalization"}],
    ],
)  # fmt: skip
def test_float16_learns_with_a_loss_that_is_scaled(layers, run, monkeypatch):
    # Here on the processor, which computes in float16, too, but slowly.
    plan, found = make_plan("digits", [*layers, out(10)], epochs=10), {}
    for precision in ("float32", "mixed_float16"):
        monkeypatch.setattr(stages, "choose", lambda plan, device, chosen=precision: chosen)
        events, trained = run(plan, pictures())
        assert events[0].precision == trained.precision == precision
        found[precision] = trained.history[-1]["loss"]
    assert found["mixed_float16"] == pytest.approx(found["float32"], rel=0.02)
    assert found["float32"] < trained.history[0]["loss"] / 2
    assert {w.dtype for layer in trained.weights.values() for w in layer.values()} == {np.dtype(np.float32)}


@pytest.mark.parametrize(
    "layer", [{"type": "LSTM"}, {"type": "GRU"}, {"type": "Bidirectional"}], ids=lambda one: one["type"]
)
def test_only_a_training_on_a_gpu_uses_cudnn(layer, monkeypatch):
    monkeypatch.setattr(
        tf.config, "list_logical_devices", lambda kind=None: ["a GPU"] if kind == "GPU" else []
    )
    recurrent = {"type": "LSTM", "units": 4}
    recurrent = {**layer, "layer": recurrent} if layer["type"] == "Bidirectional" else {**recurrent, **layer}
    plan = make_plan({"name": "waves", "steps": 16}, [recurrent, out(4)], epochs=100)

    def operations(**options):
        model = build(plan, "float32", **options)
        graph = tf.function(model).get_concrete_function(tf.TensorSpec((2, 16, 1))).graph
        return {each.type for each in graph.get_operations()}

    for quick in (False, True):
        assert "CudnnRNNV3" not in operations(quick=quick)
        assert "CudnnRNNV3" in operations(quick=quick, on_gpu=True)


def test_what_it_was_trained_on_is_told(run, monkeypatch):
    monkeypatch.setattr(
        train, "device_for", lambda _: TrainingDevice(kind="gpu", name="Tesla T4", capability=(7, 5))
    )
    events, trained = run(make_plan(epochs=2), rings())
    assert (events[0].accelerator, events[0].device, events[0].precision) == ("gpu", "Tesla T4", "float32")
    assert (trained.accelerator, trained.device) == ("gpu", "Tesla T4")
    assert not tf.config.experimental.tensor_float_32_execution_enabled()


@pytest.mark.skipif(not HAS_GPU, reason="no GPU that TensorFlow can use")
def test_a_real_gpu_trains_and_its_files_are_right(tmp_path):
    convolution = {"type": "Conv2D", "filters": 32, "kernel_size": 3, "activation": "relu"}
    plan = make_plan("digits", [convolution, {"type": "Flatten"}, out(10)], epochs=5, accelerator="gpu")
    events = list(pipeline.run(plan, tmp_path / "result"))
    built = next(event for event in events if event.type == "built")
    assert built.accelerator == "gpu"
    assert built.device
    assert events[-1].type == "verified"
    events = list(pipeline.run(make_plan(accelerator="cpu", epochs=2), tmp_path / "other"))
    assert next(event for event in events if event.type == "built").accelerator == "cpu"
