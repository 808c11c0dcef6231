"""Apple's rules for a neural network that learns on a phone, as far as they are published, held against a file.

Written from `UpdatableNeuralNetworkValidator.cpp`, `NeuralNetworkValidatorGraph.hpp`, `ParameterValidator.cpp`,
`NeuralNetworkValidator.cpp` and `NeuralNetworkLayerValidator.cpp` in the sources of coremltools, not from our own
checks.
"""

import math

IOS12 = {
    "convolution", "innerProduct", "batchnorm", "activation", "pooling", "padding", "concat", "softmax", "add",
    "multiply", "unary", "bias", "reshape", "flatten", "scale", "average", "max", "min",
}  # fmt: skip
"""Those of its layers that could come here."""

GRADIENTS = {"convolution", "innerProduct", "flatten", "pooling", "batchnorm", "reshape"}
FUNCTIONS = {"ReLU", "sigmoid", "tanh"}


def objections(model):
    """What the validator would say to a `Model` message; nothing where it agrees."""
    network = getattr(model, model.WhichOneof("Type"))
    update = network.updateParams
    return [
        *_general(model),
        *_interface(model, network),
        *_order(model, network),
        *[complaint for layer in network.layers for complaint in _sizes(layer)],
        *_marks(network),
        *_names(network),
        *_loss(network),
        *_parameters(update),
        *_way_back(network),
        *_training_inputs(model, network),
    ]


def _general(model):
    if not model.isUpdatable:
        yield "not marked as updatable"
    if model.specificationVersion < 4:
        yield "written for a system before iOS 13"


def _interface(model, network):
    if network.arrayInputShapeMapping or network.imageInputShapeMapping:
        yield "values of any number of axes"
    for layer in network.layers:
        if layer.WhichOneof("layer") not in IOS12:
            yield f"{layer.name} is no layer of iOS 12"
    for feature in model.description.input:
        kind = feature.type.WhichOneof("Type")
        if kind == "multiArrayType" and len(feature.type.multiArrayType.shape) not in (1, 3):
            yield f"{feature.name} has neither one axis nor three"
        if kind not in ("multiArrayType", "imageType"):
            yield f"{feature.name} is a {kind}"


def _order(model, network):
    known = {feature.name for feature in model.description.input}
    for layer in network.layers:
        yield from (
            f"{layer.name} takes {name}, which is not made yet" for name in layer.input if name not in known
        )
        yield from (f"{layer.name} makes {name} again" for name in layer.output if name in known)
        known |= set(layer.output)
    about = model.description
    extra = {about.predictedFeatureName, about.predictedProbabilitiesName} - {""}
    yield from (f"nothing makes {one.name}" for one in about.output if one.name not in known | extra)
    if (
        model.WhichOneof("Type") == "neuralNetworkClassifier"
        and network.labelProbabilityLayerName not in known
    ):
        yield "nothing makes the probabilities"


def _sizes(layer):
    """How many numbers a layer holds, and of which form."""
    kind = layer.WhichOneof("layer")
    parts = getattr(layer, kind)
    wanted = []
    if kind == "convolution":
        kernel = parts.outputChannels * parts.kernelChannels * math.prod(parts.kernelSize)
        wanted = [(parts.weights, kernel), (parts.bias, parts.outputChannels * parts.hasBias)]
    elif kind == "innerProduct":
        wanted = [(parts.weights, parts.inputChannels * parts.outputChannels),
                  (parts.bias, parts.outputChannels * parts.hasBias)]  # fmt: skip
    elif kind == "batchnorm":
        wanted = [(one, parts.channels) for one in (parts.gamma, parts.beta, parts.mean, parts.variance)]
    elif kind == "scale":
        wanted = [(parts.scale, math.prod(parts.shapeScale))]
        if len(parts.shapeScale) not in (1, 3) or parts.hasBias:
            yield f"{layer.name} has a scale of {list(parts.shapeScale)}"
    elif kind == "bias":
        wanted = [(parts.bias, math.prod(parts.shape))]
        if len(parts.shape) not in (1, 3):
            yield f"{layer.name} has a bias of {list(parts.shape)}"
    elif kind == "reshape" and len(parts.targetShape) not in (3, 4):
        yield f"{layer.name} has a target of {list(parts.targetShape)}"
    elif kind == "pooling" and not parts.WhichOneof("PoolingPaddingType"):
        yield f"{layer.name} has no padding type"
    for weights, count in wanted:
        if len(weights.floatValue) != count:
            yield f"{layer.name} holds {len(weights.floatValue)} numbers in place of {count}"


def _marks(network):
    marked = [layer for layer in network.layers if layer.isUpdatable]
    if not marked:
        yield "no layer learns"
    for layer in marked:
        kind = layer.WhichOneof("layer")
        if kind not in ("convolution", "innerProduct"):
            yield f"{layer.name} is a {kind}"
            continue
        parts = getattr(layer, kind)
        for weights in [parts.weights, *([parts.bias] if parts.hasBias else [])]:
            if not weights.isUpdatable:
                yield f"{layer.name} has weights that are not marked"
            if weights.HasField("quantization") or weights.float16Value:
                yield f"{layer.name} has weights that are no float32"


def _names(network):
    names = [part.name for part in (*network.layers, *network.updateParams.lossLayers)]
    if len(set(names)) < len(names):
        yield "two layers have one name"


def _loss(network):
    if len(network.updateParams.lossLayers) != 1:
        yield "not one loss"
        return
    (loss,) = network.updateParams.lossLayers
    kind = loss.WhichOneof("LossLayerType")
    made = {name: layer for layer in network.layers for name in layer.output}
    source, target = getattr(loss, kind).input, getattr(loss, kind).target
    if source not in made:
        yield "the loss takes what no layer gives"
    elif kind == "categoricalCrossEntropyLossLayer" and made[source].WhichOneof("layer") != "softmax":
        yield "the loss takes what no softmax gives"
    if target in made:
        yield "the target is made in the network"


def _parameters(update):
    kind = update.optimizer.WhichOneof("OptimizerType")
    wanted = {"sgdOptimizer": ["learningRate"], "adamOptimizer": ["learningRate", "beta1", "beta2", "eps"]}
    if kind not in wanted:
        yield "no optimizer"
        return
    optimizer = getattr(update.optimizer, kind)
    for name in wanted[kind]:
        if not optimizer.HasField(name):
            yield f"no {name}"
    numbers = [value for field, value in optimizer.ListFields()] + [update.epochs]
    for number in numbers:
        which = number.WhichOneof("AllowedValues")
        if which == "range" and not number.range.minValue <= number.defaultValue <= number.range.maxValue:
            yield f"{number.defaultValue} is out of its range"
        if which == "set" and number.defaultValue not in number.set.values:
            yield f"{number.defaultValue} is not in its set"
    for number in (optimizer.miniBatchSize, update.epochs):
        if number.defaultValue < 1 or (
            number.WhichOneof("AllowedValues") == "range" and number.range.minValue < 1
        ):
            yield "a count below 1"


def _has_gradient(layer):
    kind = layer.WhichOneof("layer")
    if kind == "activation":
        return layer.activation.WhichOneof("NonlinearityType") in FUNCTIONS
    return kind in GRADIENTS


def _way_back(network):
    """From the loss, layer by layer: once one without a gradient was met, none that learns may follow."""
    made = {name: layer for layer in network.layers for name in layer.output}
    (loss,) = network.updateParams.lossLayers
    kind = loss.WhichOneof("LossLayerType")
    front, seen, barrier = [getattr(loss, kind).input], set(), ""
    first = True
    for source in front:
        layer = made.get(source)
        if layer is None or layer.name in seen:
            continue
        seen.add(layer.name)
        front.extend(layer.input)
        if layer.isUpdatable and barrier:
            yield f"{layer.name} learns behind {barrier}, which has no gradient"
        of_loss = (
            first and kind == "categoricalCrossEntropyLossLayer" and layer.WhichOneof("layer") == "softmax"
        )
        if not _has_gradient(layer) and not of_loss:
            barrier = barrier or layer.name
        first = False


def _training_inputs(model, network):
    about = model.description
    (loss,) = network.updateParams.lossLayers
    target = getattr(loss, loss.WhichOneof("LossLayerType")).target
    shared = [one for one in about.trainingInput if one in list(about.input)]
    others = [one for one in about.trainingInput if one not in list(about.input)]
    if not shared:
        yield "no training input is one of the model's inputs"
    right = {target}
    if model.WhichOneof("Type") == "neuralNetworkClassifier":
        right |= {one.name for one in about.output if one.name == about.predictedFeatureName and others
                  and one.type == others[0].type}  # fmt: skip
    if not right & {one.name for one in others}:
        yield "no training input is the target"
