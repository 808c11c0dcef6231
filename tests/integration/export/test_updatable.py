"""Files that a phone can train: what they answer, what learns in them and how, and what is refused."""

import shutil
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emitted import channels_first, inputs_of
from layer_examples import EXAMPLES, layers_of
from quickml.document import understand
from quickml.document.checks.updatable import ACTIVATIONS
from quickml.document.layers import LAYERS
from quickml.document.layers.layer import Activation_
from quickml.document.shapes import walk
from quickml.errors import CompileError, DocumentError, VerificationError
from quickml.export.coreml import legacy, updatable
from quickml.export.coreml.conversion import quiet
from quickml.export.coreml.library import coremltools
from quickml.export.coreml.reading import files
from quickml.export.coreml.reading.describe import describe
from quickml.export.runtime import Runtime
from quickml.export.verify import verify
from untrained import plan_of, randomise, untrained
from updatable_rules import objections

CONV = {"type": "Conv2D", "filters": 4, "kernel_size": 3, "activation": "relu"}
FLATTEN = {"type": "Flatten"}
CLASSES = {"type": "Dense", "name": "classes", "units": 10, "activation": "softmax"}
NUMBER = {"type": "Dense", "name": "number", "units": 1}
DIGITS = (CONV, {"type": "MaxPooling2D"}, {"type": "Dropout", "rate": 0.2}, FLATTEN, CLASSES)


def written(folder, *layers, dataset="digits", asked=None, **others):
    trained = untrained(plan_of(*layers, dataset=dataset, export={"updatable": asked or {}}, **others))
    return trained, updatable.write(trained, folder)


def message(path):
    return files.read(path).model


def network_of(path):
    model = message(path)
    return getattr(model, model.WhichOneof("Type"))


def marked(path):
    return [layer.name for layer in network_of(path).layers if layer.isUpdatable]


def told(*layers, dataset="digits", asked=None):
    """Every problem as it is printed."""
    document = {"name": "test", "dataset": dataset, "model": {"layers": list(layers)}}
    with pytest.raises(DocumentError) as caught:
        understand({**document, "export": {"updatable": asked or {}}})
    return [str(problem) for problem in caught.value.problems]


# What the file answers


def legacy_answers(parts, shape, folder, inputs):
    """What Keras and the old form of neural networks answer to the same inputs."""
    from quickml.training.build import connect
    from quickml.training.weights import weights

    graph, problems = walk([LAYERS[part["type"]].model_validate(part) for part in parts], shape)
    assert problems == []
    model = connect(graph, "input", "float32")
    randomise(model, 3)
    array = coremltools().models.datatypes.Array
    planes = [(size[2], *size[:2]) if len(size) == 3 else size for size in (shape, graph.output_shape)]
    with quiet():
        builder = coremltools().models.neural_network.NeuralNetworkBuilder(
            [("x", array(*planes[0]))], [("y", array(*planes[1]))], use_float_arraytype=True
        )
        legacy.write(builder, graph, weights(model), source="x", result="y")
    builder.spec.specificationVersion = 4
    (folder / "model.mlmodel").write_bytes(builder.spec.SerializeToString())
    expected = np.asarray(model(inputs, training=False), np.float32)
    found = Runtime.load(folder / "model.mlmodel").outputs(channels_first(inputs))
    return channels_first(expected).reshape(len(inputs), -1), found


def is_written(kind, shape, arguments):
    graph, _ = walk([LAYERS[part["type"]].model_validate(part) for part in layers_of(kind, arguments)], shape)
    layer = graph.nodes[-1].layer
    ranks = {len(size) for size in (shape, graph.output_shape)}
    last = getattr(layer, "axis", -1) in (-1, len(shape))
    able = getattr(layer, "activation", "linear") in ACTIVATIONS
    return layer.is_updatable and ranks <= {1, 3} and last and able


CASES = [
    (kind, *example) for kind, found in EXAMPLES.items() if LAYERS[kind].is_updatable
    for example in found if is_written(kind, *example)
]  # fmt: skip


@pytest.mark.parametrize(("kind", "shape", "arguments"), CASES, ids=lambda value: str(value).replace(" ", ""))
def test_a_layer_computes_what_keras_computes(kind, shape, arguments, tmp_path):
    first, *rest = [
        {"type": "Rescaling", "name": "first", "scale": 0.7, "offset": 0.1},
        *layers_of(kind, arguments),
    ]
    for part in rest:
        part["inputs"] = [name.replace("input", "first") for name in part.get("inputs", [])] or None
    expected, found = legacy_answers([first, *rest], shape, tmp_path, inputs_of(shape))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", [(5, 4, 3), (6,)], ids=str)
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_an_activation_computes_what_keras_computes(activation, shape, tmp_path):
    parts = [{"type": "Activation", "activation": activation}, {"type": "Rescaling", "scale": 1.0}]
    expected, found = legacy_answers(parts, shape, tmp_path, inputs_of(shape))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("options", [
    {}, {"max_value": 2.0}, {"negative_slope": 0.1}, {"threshold": 0.4}, {"threshold": 0.4, "negative_slope": 0.2},
    {"threshold": 0.4, "negative_slope": 0.2, "max_value": 3.0}, {"negative_slope": 0.3, "max_value": 1.0},
    {"threshold": 0.5}, {"threshold": 0.5, "negative_slope": 0.2},
], ids=str)  # fmt: skip
def test_a_relu_computes_what_keras_computes(options, tmp_path):
    """0.5 is among the inputs: at the threshold itself Keras gives 0."""
    expected, found = legacy_answers([{"type": "ReLU", **options}], (6,), tmp_path, inputs_of((6,), 20))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_every_layer_that_may_come_is_written_and_no_other():
    able = {kind for kind in LAYERS.values() if legacy.add.dispatch(kind) is not legacy.add.dispatch(object)}
    assert able == {kind for kind in LAYERS.values() if kind.is_updatable}
    assert set(legacy.FUNCTIONS) == ACTIVATIONS <= set(Activation_.__args__)
    assert {LAYERS[kind] for kind, *_ in CASES} == able


NETWORKS = {
    "a convolutional network": ("digits", DIGITS),
    "an image of colour-free pixels": ("mnist", DIGITS),
    "a dense network": ("iris", ({"type": "Dense", "units": 8, "activation": "tanh"}, {**CLASSES, "units": 3})),
    "a regression": ("diabetes", ({"type": "Dense", "units": 8, "activation": "sigmoid"}, NUMBER)),
    "a residual network": ("digits", (
        {**CONV, "name": "stem", "padding": "same"},
        {"type": "Conv2D", "filters": 4, "kernel_size": 3, "padding": "same", "use_bias": False},
        {"type": "BatchNormalization", "name": "change"},
        {"type": "Add", "inputs": ["stem", "change"]}, {"type": "LeakyReLU"},
        {"type": "GlobalAveragePooling2D"}, CLASSES)),
    "branches": ("digits", (
        {**CONV, "name": "one"}, {**CONV, "name": "other", "activation": "silu", "inputs": ["input"]},
        {"type": "Concatenate", "inputs": ["one", "other"]}, {"type": "AveragePooling2D"}, FLATTEN, CLASSES)),
    "names that the file uses too": ("digits", (
        {**CONV, "name": "label"}, {"type": "Flatten", "name": "loss"},
        {**CLASSES, "units": 7, "activation": "relu", "name": "probabilities"}, {**CLASSES, "name": "target"})),
    "a softmax of its own": ("digits", (CONV, FLATTEN, {**CLASSES, "activation": "linear"}, {"type": "Softmax"})),
    "its own scaling": ("digits", ({"type": "Rescaling", "scale": 0.1, "offset": -0.5}, *DIGITS)),
}  # fmt: skip


@pytest.mark.parametrize(("dataset", "layers"), NETWORKS.values(), ids=NETWORKS)
def test_the_file_answers_as_trained_and_keeps_apples_rules(dataset, layers, tmp_path):
    trained, path = written(tmp_path, *layers, dataset=dataset)
    parity = verify(path, trained.probe, trained.plan.info.labels, "float32")
    assert parity.file == "model.updatable.mlmodel"
    assert parity.tolerance == 1e-4
    assert objections(message(path)) == []


SPOILS = {
    "no layer learns": lambda network, layers, about: setattr(layers["classes"], "isUpdatable", False),
    "classes has weights that are not marked": lambda network, layers, about: setattr(
        layers["classes"].innerProduct.bias, "isUpdatable", False),
    "conv2d learns behind classes, which has no gradient": lambda network, layers, about: (
        setattr(layers["conv2d"], "isUpdatable", True), layers["classes"].reduceMean.MergeFromString(b"")),
    "the loss takes what no softmax gives": lambda network, layers, about: layers[
        "classes/softmax"].softmaxND.MergeFromString(b""),
    "classes/softmax is no layer of iOS 12": lambda network, layers, about: layers[
        "classes/softmax"].softmaxND.MergeFromString(b""),
    "classes holds 359 numbers in place of 360": lambda network, layers, about: layers[
        "classes"].innerProduct.weights.floatValue.pop(),
    "no training input is one of the model's inputs": lambda network, layers, about: setattr(
        about.trainingInput[0], "name", "other"),
    "no training input is the target": lambda network, layers, about: setattr(
        about.trainingInput[1], "name", "other"),
    "no optimizer": lambda network, layers, about: network.updateParams.ClearField("optimizer"),
    "10 is out of its range": lambda network, layers, about: setattr(
        network.updateParams.epochs.range, "maxValue", 9),
    "two layers have one name": lambda network, layers, about: setattr(layers["conv2d"], "name", "classes"),
}  # fmt: skip


@pytest.mark.parametrize(("complaint", "change"), SPOILS.items(), ids=SPOILS)
def test_apples_rules_as_we_read_them_notice_what_is_wrong(complaint, change, tmp_path):
    _, path = written(tmp_path, *DIGITS)
    model = message(path)
    network = model.neuralNetworkClassifier
    change(network, {layer.name: layer for layer in network.layers}, model.description)
    assert complaint in objections(model)


def test_a_changed_weight_is_noticed(tmp_path):
    trained, path = written(tmp_path, *DIGITS)
    model = message(path)
    layer = next(one for one in model.neuralNetworkClassifier.layers if one.name == "classes")
    layer.innerProduct.weights.floatValue[7] += 0.5
    path.write_bytes(model.SerializeToString())
    with pytest.raises(VerificationError):
        verify(path, trained.probe, trained.plan.info.labels, "float32")


# What learns, and how


def test_the_last_layer_with_weights_learns_where_none_is_named(tmp_path):
    _, path = written(tmp_path, *DIGITS)
    assert marked(path) == ["classes"]


def test_the_named_layers_learn_with_kernel_and_bias_and_no_others(tmp_path):
    unbiased = {**CONV, "name": "first", "use_bias": False}
    _, path = written(tmp_path, unbiased, CONV, FLATTEN, CLASSES, asked={"layers": ["first", "classes"]})
    assert marked(path) == ["first", "classes"]
    for layer in network_of(path).layers:
        kind = layer.WhichOneof("layer")
        if kind in ("convolution", "innerProduct"):
            parts = getattr(layer, kind)
            assert parts.weights.isUpdatable == layer.isUpdatable
            assert not parts.hasBias or parts.bias.isUpdatable == layer.isUpdatable
    assert objections(message(path)) == []


def test_stochastic_gradient_descent_as_asked(tmp_path):
    asked = {
        "optimizer": {"type": "SGD", "learning_rate": 0.125, "momentum": 0.75},
        "epochs": 7,
        "batch_size": 5,
    }
    _, path = written(tmp_path, *DIGITS, asked=asked, training={"seed": 42})
    update = network_of(path).updateParams
    optimizer = update.optimizer.sgdOptimizer
    assert (optimizer.learningRate.defaultValue, optimizer.momentum.defaultValue) == (0.125, 0.75)
    assert (optimizer.miniBatchSize.defaultValue, update.epochs.defaultValue) == (5, 7)
    assert (update.shuffle.defaultValue, update.seed.defaultValue) == (True, 42)
    assert (update.epochs.range.minValue, update.epochs.range.maxValue) == (1, 1000)


def test_adam_as_asked(tmp_path):
    adam = {"type": "Adam", "learning_rate": 0.5, "beta_1": 0.25, "beta_2": 0.75, "epsilon": 0.125}
    _, path = written(tmp_path, *DIGITS, asked={"optimizer": adam, "epochs": 100_000, "batch_size": 4096})
    update = network_of(path).updateParams
    found = update.optimizer.adamOptimizer
    numbers = [found.learningRate, found.beta1, found.beta2, found.eps]
    assert [number.defaultValue for number in numbers] == [0.5, 0.25, 0.75, 0.125]
    assert (update.epochs.range.maxValue, found.miniBatchSize.range.maxValue) == (100_000, 4096)
    assert objections(message(path)) == []


def test_an_optimizer_can_be_asked_for_by_its_name(tmp_path):
    _, path = written(tmp_path, *DIGITS, asked={"optimizer": "adam"})
    assert network_of(path).updateParams.optimizer.adamOptimizer.eps.defaultValue == 1e-7


def test_a_large_learning_rate_is_in_its_range(tmp_path):
    _, path = written(tmp_path, *DIGITS, asked={"optimizer": {"type": "SGD", "learning_rate": 20.0}})
    assert objections(message(path)) == []


def test_classes_learn_from_labels(tmp_path):
    _, path = written(tmp_path, *DIGITS)
    model = message(path)
    assert [one.name for one in model.description.trainingInput] == ["image", "label"]
    assert model.description.trainingInput[0] == model.description.input[0]
    assert model.description.trainingInput[1].type.WhichOneof("Type") == "stringType"
    (loss,) = model.neuralNetworkClassifier.updateParams.lossLayers
    assert loss.categoricalCrossEntropyLossLayer.input == "probabilities"
    about = describe(files.read(path))
    assert (about.is_updatable, about.minimum_ios, about.labels) == (True, "13", tuple("0123456789"))
    assert about.predicted_feature == "label"


def test_a_regression_learns_from_targets(tmp_path):
    _, path = written(tmp_path, NUMBER, dataset="diabetes")
    model = message(path)
    assert [one.name for one in model.description.trainingInput] == ["features", "target"]
    (loss,) = model.neuralNetwork.updateParams.lossLayers
    assert loss.meanSquaredErrorLossLayer.input == "prediction"
    assert loss.meanSquaredErrorLossLayer.target == "target"
    assert model.description.trainingInput[1].type.multiArrayType.shape == [1]


@pytest.mark.parametrize(
    "optimizer", [{"type": "SGD", "learning_rate": 0.05, "momentum": 0.5}, {"type": "Adam"}]
)
def test_a_step_on_a_regression_is_the_step_that_training_would_make(optimizer, tmp_path):
    """The loss in the target's unit with the file's numbers, and the loss in deviations with those asked for."""
    from quickml.training.backend import keras, tf
    from quickml.training.build import build

    trained, path = written(tmp_path, NUMBER, dataset="diabetes", asked={"optimizer": optimizer})
    update = network_of(path).updateParams.optimizer
    if optimizer["type"] == "Adam":
        theirs = keras.optimizers.Adam(
            update.adamOptimizer.learningRate.defaultValue, epsilon=update.adamOptimizer.eps.defaultValue
        )
    else:
        theirs = keras.optimizers.SGD(
            update.sgdOptimizer.learningRate.defaultValue, momentum=update.sgdOptimizer.momentum.defaultValue
        )
    settings_asked = {key: value for key, value in optimizer.items() if key != "type"}
    ours = getattr(keras.optimizers, optimizer["type"])(**settings_asked)
    deviation = float(np.sqrt(trained.weights["target_normalization"]["variance"][0]))
    targets = trained.probe.expected + np.random.default_rng(1).normal(0, 1, trained.probe.expected.shape)
    kernels = []
    for optimize, unit in ((ours, deviation), (theirs, 1.0)):
        model = build(trained.plan, "float32")
        for layer in model.layers:
            if layer.name in trained.weights:
                layer.set_weights(list(trained.weights[layer.name].values()))
            if hasattr(layer, "finalize_state"):
                layer.finalize_state()
        dense = model.get_layer("number")
        for _ in range(3):
            with tf.GradientTape() as tape:
                error = (model(trained.probe.inputs) - targets.astype(np.float32)) / unit
                loss = tf.reduce_mean(error**2)
            optimize.apply(tape.gradient(loss, dense.trainable_variables), dense.trainable_variables)
        kernels.append(np.asarray(dense.kernel))
    assert not np.allclose(kernels[0], trained.weights["number"]["kernel"], rtol=1e-5)
    np.testing.assert_allclose(kernels[1], kernels[0], rtol=1e-4, atol=1e-6)


def test_weights_stay_float32_and_bytes_the_same(tmp_path):
    plan = plan_of(*DIGITS, dataset="digits", export={"updatable": {}, "weights": "float16"})
    trained = untrained(plan)
    first = updatable.write(trained, tmp_path).read_bytes()
    assert describe(files.read(tmp_path / "model.updatable.mlmodel")).weight_types == ("float32",)
    assert updatable.write(trained, tmp_path).read_bytes() == first


def test_the_file_describes_itself_as_the_others_do(tmp_path):
    _, path = written(tmp_path, *DIGITS)
    about = describe(files.read(path))
    assert about.author == "QuickML"
    assert "raw pixels" in about.inputs[0].description
    assert {"quickml.document", "quickml.training"} <= set(about.user_defined)
    assert [one.description for one in about.outputs] == [
        "The probability of each class",
        "The most probable class",
    ]
    assert message(path).description.trainingInput[1].shortDescription == "The right answer"


# What is refused


def test_names_of_layers_that_cannot_learn():
    pooled = {"type": "MaxPooling2D", "name": "pool"}
    assert told(
        CONV, pooled, FLATTEN, CLASSES, asked={"layers": ["clases", "pool", "classes", "classes", "x"]}
    ) == [
        "/export/updatable/layers/0: expected the name of a Dense or Conv2D, found 'clases'; did you mean 'classes'?",
        "/export/updatable/layers/1: expected the name of a Dense or Conv2D, found 'pool' (MaxPooling2D)",
        "/export/updatable/layers/3: expected each name once, found 'classes' again; leave it out",
        "/export/updatable/layers/4: expected the name of a Dense or Conv2D, found 'x'; there are conv2d, classes",
    ]


@pytest.mark.parametrize("between", [
    {"type": "LeakyReLU"}, {"type": "ZeroPadding2D"}, {"type": "Activation", "activation": "elu"},
    {"type": "Rescaling", "scale": 2.0}, {"type": "ReLU", "max_value": 6.0}, {"type": "Normalization"},
    {"type": "Conv2D", "filters": 2, "kernel_size": 1, "activation": "softplus"},
], ids=lambda layer: layer["type"])  # fmt: skip
def test_a_layer_behind_which_core_ml_has_no_gradient(between):
    (found,) = told(CONV, {**between, "name": "wall"}, FLATTEN, CLASSES, asked={"layers": ["conv2d"]})
    assert found.startswith(
        "/export/updatable/layers/0: expected a layer that the loss can be traced back to,"
        f" found 'conv2d' (Conv2D), behind which comes 'wall' ({between['type']}); Core ML goes back through"
    )


def test_a_layer_behind_which_branches_merge():
    layers = (
        {**CONV, "padding": "same"},
        {**CONV, "name": "b", "padding": "same"},
        {"type": "Add", "inputs": ["conv2d", "b"]},
    )
    found = told(*layers, FLATTEN, CLASSES, asked={"layers": ["conv2d", "b"]})
    assert [line.split(":")[0] for line in found] == [
        "/export/updatable/layers/0",
        "/export/updatable/layers/1",
    ]
    assert all("behind which comes 'add' (Add)" in line for line in found)


def test_an_activation_without_a_gradient_is_in_its_own_layers_way():
    (found,) = told({**NUMBER, "activation": "elu"}, dataset="diabetes", asked={"layers": ["number"]})
    assert "found 'number' (Dense) with elu" in found
    (found,) = told({**NUMBER, "activation": "elu"}, dataset="diabetes")
    assert found.startswith(
        "/export/updatable: expected a Dense or Conv2D that the loss can be traced back to, found none"
    )


def test_what_core_mls_optimizers_do_not_have():
    asked = {"optimizer": {"type": "SGD", "nesterov": True, "clipnorm": 1.0}, "loss": "mean_squared_error"}
    assert told(*DIGITS, asked=asked) == [
        "/export/updatable/optimizer/nesterov: SGD on a phone expects plain momentum, found true; leave it out",
        "/export/updatable/optimizer/clipnorm: SGD on a phone expects none, found 1.0; leave it out",
        "/export/updatable/loss: digits (classification) expects 'categorical_crossentropy',"
        " found 'mean_squared_error'; it can be left out",
    ]
    assert told(*DIGITS, asked={"optimizer": "rmsprop"}) == [
        '/export/updatable/optimizer/type: expected a known optimizer, found "RMSprop"; known: SGD, Adam'
    ]
    assert told(*DIGITS, asked={"layer": ["classes"]}) == [
        "/export/updatable/layer: expected a known key, found 'layer'; did you mean 'layers'?"
    ]
    sequences = {"type": "GlobalAveragePooling1D"}, {"type": "Dense", "units": 1}
    assert told(*sequences, dataset="adding") == [
        "/export/updatable: expected a dataset of pictures or features, found adding (sequence);"
        " leave updatable out of export"
    ]


def test_a_single_sigmoid_is_no_softmax():
    assert told({**NUMBER, "activation": "sigmoid"}, dataset="moons") == [
        "/model/layers/0: an updatable file expects a softmax over two outputs, which Core ML's cross entropy wants,"
        ' found one sigmoid output; end with {"type": "Dense", "units": 2, "activation": "softmax"}'
    ]


@pytest.mark.parametrize(("layers", "found"), [
    (({"type": "Reshape", "target_shape": [8, 8]}, {"type": "LSTM", "units": 4}), "a Reshape of a value of shape (8, 8)"),
    (({"type": "DepthwiseConv2D", "kernel_size": 3}, FLATTEN), "DepthwiseConv2D"),
    (({"type": "BatchNormalization", "axis": 1}, FLATTEN), "a BatchNormalization along another axis than the last"),
    (({**CONV, "activation": "gelu"}, FLATTEN), "a Conv2D with gelu"),
])  # fmt: skip
def test_a_layer_that_the_file_cannot_hold_is_named_before_training(layers, found):
    first, *_ = told(*layers, CLASSES)
    assert first == (
        "/model/layers/0: an updatable file expects layers of a dense or convolutional network,"
        f" found {found}; leave updatable out of export"
    )


def test_a_layer_that_slipped_through_is_named_by_the_compiler(tmp_path):
    trained = untrained(
        plan_of({"type": "DepthwiseConv2D", "name": "deep", "kernel_size": 3}, *DIGITS, dataset="digits")
    )
    asked = untrained(plan_of(*DIGITS, dataset="digits", export={"updatable": {}})).plan.document.export
    object.__setattr__(trained.plan.document, "export", asked)
    with pytest.raises(CompileError, match="deep: DepthwiseConv2D cannot be written to an updatable file"):
        updatable.write(trained, tmp_path)
    assert not list(tmp_path.iterdir())


BODY = [
    {"type": "BatchNormalization"}, {"type": "Dropout", "rate": 0.1}, {"type": "ReLU"}, {"type": "LeakyReLU"},
    {"type": "Dense", "units": 3, "activation": "tanh"}, {"type": "Dense", "units": 2, "activation": "elu"},
    {"type": "Dense", "units": 4}, {"type": "Activation", "activation": "sigmoid"}, {"type": "Softmax"},
]  # fmt: skip


@given(body=st.lists(st.sampled_from(BODY), max_size=4), asked=st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_what_our_checks_let_through_apples_rules_let_through(body, asked, tmp_path_factory):
    """And what they refuse, the rules refuse, where the file is written all the same."""
    layers = [*body, {**CLASSES, "units": 3}]
    plan = plan_of(*layers)
    able = [node.name for node in plan.graph.nodes if node.layer.type == "Dense"]
    chosen = able[asked % len(able)]
    trained = untrained(plan, count=4)
    try:
        export = plan_of(*layers, export={"updatable": {"layers": [chosen]}}).document.export
        refused = False
    except DocumentError:
        export = plan_of(*layers, export={"updatable": {"layers": [able[-1]]}}).document.export
        wanted = export.updatable.model_copy(update={"layers": (chosen,)})
        export, refused = export.model_copy(update={"updatable": wanted}), True
    object.__setattr__(trained.plan.document, "export", export)
    path = updatable.write(trained, tmp_path_factory.mktemp("updatable"))
    assert bool(objections(message(path))) == refused


@pytest.mark.skipif(
    sys.platform != "darwin" or shutil.which("xcrun") is None,
    reason="Core ML's compiler is on macOS, with Xcode",
)
@pytest.mark.parametrize(("dataset", "layers"), NETWORKS.values(), ids=NETWORKS)
def test_core_mls_own_compiler_takes_it(dataset, layers, tmp_path):
    _, path = written(tmp_path, *layers, dataset=dataset)
    command = ["xcrun", "coremlcompiler", "compile", str(path), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
