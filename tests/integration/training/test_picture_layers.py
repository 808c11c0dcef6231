"""The layers for pictures while they train: in both precisions, with the same bits every time, and varying what
they should vary.
"""

import subprocess
import sys

import numpy as np
import pytest

from emitted import FORMATS, channels_first, write
from quickml.datasets.data import Data
from quickml.document import understand
from quickml.document.layers import LAYERS
from quickml.document.layers.augmentation import Augmentation
from quickml.document.shapes import walk
from quickml.export.runtime import Runtime

AUGMENTATIONS = {
    "RandomFlip": {"mode": "horizontal"},
    "RandomRotation": {"factor": 0.02, "fill_mode": "constant"},
    "RandomZoom": {"height_factor": 0.05},
    "RandomTranslation": {"height_factor": 0.05, "width_factor": [-0.1, 0.1], "fill_mode": "nearest"},
    "GaussianNoise": {"stddev": 0.05},
}
VARIED = [{"type": kind, **arguments} for kind, arguments in AUGMENTATIONS.items()]
NETWORK = [
    *VARIED,
    {"type": "Resizing", "height": 12, "width": 10},
    {"type": "Cropping2D", "cropping": [1, 0]},
    {"type": "SeparableConv2D", "filters": 8, "kernel_size": 3, "depth_multiplier": 2, "activation": "gelu_approximate"},
    {"type": "GroupNormalization", "groups": 4},
    {"type": "PReLU", "shared_axes": [1, 2], "name": "left"},
    {"type": "DepthwiseConv2D", "kernel_size": 3, "padding": "same", "name": "right"},
    {"type": "Subtract", "inputs": ["left", "right"], "name": "difference"},
    {"type": "Multiply", "inputs": ["left", "right"], "name": "product"},
    {"type": "Maximum", "inputs": ["left", "right"], "name": "largest"},
    {"type": "Minimum", "inputs": ["left", "right"], "name": "smallest"},
    {"type": "Average", "inputs": ["difference", "product", "largest", "smallest"]},
    {"type": "SpatialDropout2D", "rate": 0.05},
    {"type": "Conv2DTranspose", "filters": 6, "kernel_size": 3, "strides": 2, "padding": "same"},
    {"type": "ELU"},
    {"type": "MaxPooling2D", "pool_size": 4},
    {"type": "UpSampling2D", "size": 2, "interpolation": "bilinear"},
    {"type": "Flatten"},
    {"type": "Dense", "units": 10, "activation": "softmax"},
]  # fmt: skip


def plan_of(layers, **training):
    training = {
        "epochs": 1,
        "batch_size": 32,
        "optimizer": {"type": "Adam", "learning_rate": 0.01},
        **training,
    }
    return understand({"name": "t", "dataset": "digits", "model": {"layers": layers}, "training": training})


def pictures(train=192, test=64):
    """Ten classes of 8 by 8 pixels: the class says which row is bright, or for the last two, which column."""
    random = np.random.default_rng(0)
    classes = (np.arange(train + test) % 10).astype(np.int32)
    images = random.integers(0, 50, (train + test, 8, 8, 1), dtype=np.uint8)
    for image, number in zip(images, classes, strict=True):
        bright = image[number] if number < 8 else image[:, number - 6]
        bright += np.uint8(150)
    return Data(
        x_train=images[:train], y_train=classes[:train], x_test=images[train:], y_test=classes[train:]
    )


def trained(plan):
    """The model after its epochs, and the loss of each."""
    from quickml.training.optimizer import make_optimizer
    from quickml.training.stages import Stages
    from quickml.training.steps import Steps

    data, stages = pictures(), Stages(plan, pictures())
    steps = Steps(
        model=stages.model, optimizer=make_optimizer(plan.document.training, 1000), objective=stages.objective,
        inputs=data.x_train, targets=data.y_train, batch_size=plan.document.training.batch_size,
    )  # fmt: skip
    count = steps.count(len(stages.learn))
    losses = [
        float(steps.train(stages.learn, 0, count).sums[0]) for _ in range(plan.document.training.epochs)
    ]
    steps.release()
    return stages.model, losses


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_layers_for_pictures_learn(precision):
    model, losses = trained(plan_of(NETWORK, epochs=20, precision=precision))
    assert losses[-1] < losses[0] / 2
    assert all(np.isfinite(weight.numpy()).all() for weight in model.weights)
    assert {
        layer.compute_dtype for layer in model.layers if layer.name.startswith(("random", "gauss", "resi"))
    } == {"float32"}


def test_the_same_seed_gives_the_same_weights_and_another_seed_others():
    first, again, other = (
        np.concatenate([w.numpy().ravel() for w in trained(plan_of(NETWORK, seed=seed))[0].trainable_weights])
        for seed in (7, 7, 8)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_every_augmentation_is_tried():
    kinds = {kind for kind, layer in LAYERS.items() if issubclass(layer, Augmentation)}
    assert kinds < set(AUGMENTATIONS)


@pytest.mark.parametrize("kind", AUGMENTATIONS)
def test_an_augmentation_varies_every_sample_anew_and_only_while_training(kind):
    from quickml.training.build import connect

    layer = LAYERS[kind].model_validate({"type": kind, **AUGMENTATIONS[kind]})
    graph, _ = walk([layer], (8, 8, 1))
    model = connect(graph, "image", "float32")
    one = np.random.default_rng(0).uniform(0, 255, (1, 8, 8, 1)).astype(np.float32)
    batch = np.repeat(one, 16, axis=0)
    first, second = (np.asarray(model(batch, training=True)) for _ in range(2))
    assert len(np.unique(first.reshape(16, -1), axis=0)) > 1
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(np.asarray(model(batch, training=False)), batch)


def test_random_numbers_move_on_with_every_step_of_the_compiled_loop():
    """A loop that drew its numbers once, while it was traced, would show the same variation in every step."""
    epochs = 3
    model, _ = trained(plan_of(NETWORK, epochs=epochs))
    fresh, _ = trained(plan_of(NETWORK, epochs=1))
    for name in ("random_flip", "random_rotation", "random_zoom", "random_translation"):
        state, after_one = (m.get_layer(name).generator.state.numpy()[1] for m in (model, fresh))
        assert state == epochs * after_one >= epochs * 6  # 192 samples in batches of 32


@pytest.mark.parametrize("kind", FORMATS)
def test_what_only_trains_is_absent_from_the_file(kind, tmp_path):
    end = [{"type": "Conv2D", "filters": 1, "kernel_size": 3}]
    contents = []
    for name, parts in (
        ("with", [*VARIED, {"type": "SpatialDropout2D", "rate": 0.5}, *end]),
        ("without", end),
    ):
        graph, _ = walk([LAYERS[part["type"]].model_validate(part) for part in parts], (8, 8, 1))
        (tmp_path / name).mkdir()
        weights = {"conv2d": {"kernel": np.ones((3, 3, 1, 1), np.float32), "bias": np.ones(1, np.float32)}}
        runtime = Runtime.load(write(graph, weights, kind, tmp_path / name))
        runtime.outputs(channels_first(np.ones((1, 8, 8, 1), np.float32)))
        contents.append([(layer.type, layer.shape) for layer in runtime.description.layers])
    assert contents[0] == contents[1]


@pytest.mark.parametrize(
    "before", [[], VARIED, [{"type": "ZeroPadding2D"}, {"type": "Resizing", "height": 9, "width": 9}]]
)
def test_pixels_are_scaled_once(before):
    end = [{"type": "Flatten"}, {"type": "Dense", "units": 10, "activation": "softmax"}]
    scale = {"type": "Rescaling", "scale": 0.01}
    kinds = [node.layer.type for node in plan_of([*before, scale, *end]).graph.nodes]
    assert kinds.count("Rescaling") == 1
    kinds = [node.layer.type for node in plan_of([*before, *end]).graph.nodes]
    assert kinds.count("Rescaling") == 1
    kinds = [node.layer.type for node in plan_of([*before, {"type": "ReLU"}, scale, *end]).graph.nodes]
    assert kinds.count("Rescaling") == 2, "a scale behind a layer that computes is one of the network's own"


LOAD = """
import sys
import keras, numpy as np
model = keras.models.load_model(sys.argv[1])
np.save(sys.argv[3], model(np.load(sys.argv[2]), training=False))
assert "quickml" not in sys.modules
"""


def test_the_saved_model_loads_where_only_keras_is(tmp_path):
    from quickml.training.build import build

    model = build(plan_of(NETWORK), "float32")
    model.save(tmp_path / "model.keras")
    pixels = pictures().x_test[:4].astype(np.float32)
    np.save(tmp_path / "in.npy", pixels)
    subprocess.run(
        [sys.executable, "-c", LOAD, *map(str, (tmp_path / "model.keras", tmp_path / "in.npy", tmp_path / "out.npy"))],
        check=True, capture_output=True, timeout=300,
    )  # fmt: skip
    np.testing.assert_allclose(np.load(tmp_path / "out.npy"), model(pixels, training=False), atol=1e-6)
