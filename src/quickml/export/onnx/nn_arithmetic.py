"""Layers for matrix products, activations, arithmetic, normalization and reduction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from quickml.errors import CoreMLFileError, UnsupportedModelError
from quickml.export.coreml.reading import nnweights, proto
from quickml.export.onnx import activations, arrays
from quickml.export.onnx.graph import BOOL, FLOAT, OnnxGraph, Tensor
from quickml.export.onnx.nn_layer import NetworkLayer, Translator, at_least

_CHW, _HW, _CHANNEL = (-3, -2, -1), (-2, -1), -3
_SMALL, _SMALLER = 1e-5, 1e-6  # defaults, which the file stores as an epsilon of 0


def inner_product(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`InnerProductLayerParams`. With 4 or 5 axes, (C, H, W) is one vector, and two axes of size 1 remain."""
    p, x = layer.params, layer.x
    if p.int8DynamicQuantize:
        raise UnsupportedModelError("dynamic int8 quantization cannot be run here")
    weight = nnweights.array(p.weights, (p.outputChannels, p.inputChannels))
    lead = x.shape[:-3] if x.rank >= 4 else x.shape[:-1]
    y = g.op("MatMul", arrays.reshape(g, x, (*lead, p.inputChannels)), np.ascontiguousarray(weight.T))
    if p.hasBias:
        y = g.op("Add", y, nnweights.array(p.bias, (p.outputChannels,)))
    return arrays.reshape(g, y, (*lead, p.outputChannels, *((1, 1) if x.rank >= 4 else ())))


def batched_matmul(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`BatchedMatMulLayerParams`: two inputs, or one input and a weight matrix stored in column order."""
    p = layer.params
    if len(layer.inputs) == 2:
        a, b = layer.inputs
        a = arrays.fold(g, a, 2) if a.rank == 1 else a
        b = arrays.reshape(g, b, (b.size, 1)) if b.rank == 1 else b
        return g.op("MatMul", _transposed(g, a, p.transposeA), _transposed(g, b, p.transposeB))
    if p.int8DynamicQuantize:
        raise UnsupportedModelError("dynamic int8 quantization cannot be run here")
    rows, columns = p.weightMatrixFirstDimension, p.weightMatrixSecondDimension
    weight = nnweights.array(p.weights, (columns, rows))
    y = g.op("MatMul", layer.x, np.ascontiguousarray(weight.T))
    return g.op("Add", y, nnweights.array(p.bias, (columns,))) if p.hasBias else y


def _transposed(g: OnnxGraph, x: Tensor, is_transposed: bool) -> Tensor:
    return arrays.transpose(g, x, (*range(x.rank - 2), x.rank - 1, x.rank - 2)) if is_transposed else x


def activation(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`ActivationParams`."""
    kind = layer.params.WhichOneof("NonlinearityType")
    if kind not in _ACTIVATIONS:
        raise UnsupportedModelError(f"the activation {kind} cannot be run here")
    return _ACTIVATIONS[kind](g, layer.x, getattr(layer.params, kind))


def _prelu(g: OnnxGraph, x: Tensor, p: Any) -> Tensor:
    alpha = nnweights.array(p.alpha, (nnweights.count(p.alpha),))
    return activations.prelu(g, x, alpha, _CHANNEL)


def _parametric_softplus(g: OnnxGraph, x: Tensor, p: Any) -> Tensor:
    alpha = nnweights.array(p.alpha, (nnweights.count(p.alpha),))
    beta = nnweights.array(p.beta, (nnweights.count(p.beta),))
    return activations.softplus_parametric(g, x, alpha, beta, _CHANNEL)


_ACTIVATIONS: dict[str, Callable[[OnnxGraph, Tensor, Any], Tensor]] = {
    "linear": lambda g, x, p: activations.linear(g, x, p.alpha, p.beta),
    "ReLU": lambda g, x, _: g.op("Relu", x),
    "leakyReLU": lambda g, x, p: activations.leaky_relu(g, x, p.alpha),
    "thresholdedReLU": lambda g, x, p: activations.thresholded_relu(g, x, p.alpha),
    "PReLU": _prelu,
    "tanh": lambda g, x, _: g.op("Tanh", x),
    "scaledTanh": lambda g, x, p: activations.scaled_tanh(g, x, p.alpha, p.beta),
    "sigmoid": lambda g, x, _: g.op("Sigmoid", x),
    "sigmoidHard": lambda g, x, p: activations.sigmoid_hard(g, x, p.alpha, p.beta),
    "ELU": lambda g, x, p: activations.elu(g, x, p.alpha),
    "softsign": lambda g, x, _: g.op("Softsign", x),
    "softplus": lambda g, x, _: g.op("Softplus", x),
    "parametricSoftplus": _parametric_softplus,
}


def gelu(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`GeluLayerParams`."""
    return activations.gelu(g, layer.x, proto.enum_name(layer.params, "mode", layer.params.mode))


def softmax(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`SoftmaxLayerParams`: along the channels."""
    return activations.softmax(g, at_least(layer.x, 3), _CHANNEL)


def unary(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`UnaryFunctionLayerParams`: a function of scale * x + shift."""
    p = layer.params
    x = activations.linear(g, layer.x, p.scale or 1.0, p.shift)
    epsilon = float(p.epsilon or _SMALLER)
    kind = proto.enum_name(p, "type", p.type)
    if kind == "POWER":
        return g.op("Pow", x, float(p.alpha))
    if kind == "THRESHOLD":
        return g.op("Max", x, float(p.alpha))
    if kind == "INVERSE":
        return g.op("Reciprocal", g.op("Add", x, epsilon))
    if kind == "RSQRT":
        return g.op("Reciprocal", g.op("Sqrt", g.op("Add", x, epsilon)))
    simple = {"SQRT": "Sqrt", "EXP": "Exp", "LOG": "Log", "ABS": "Abs"}
    if kind not in simple:
        raise UnsupportedModelError(f"the unary function {kind} cannot be run here")
    return g.op(simple[kind], x)


def several(kind: str, single: Callable[[Any], float] | None = None) -> Translator:
    """An n-ary operation; add and multiply use the layer's alpha if there is only one input."""

    def translate(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
        if len(layer.inputs) == 1 and single is not None:
            return g.op(kind, layer.x, float(single(layer.params)))
        return _combined(g, kind, layer)

    return translate


def _combined(g: OnnxGraph, kind: str, layer: NetworkLayer) -> Tensor:
    y = layer.x
    for other in layer.inputs[1:]:
        y = g.op(kind, y, other)
    return y


def modulo(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`ModBroadcastableLayerParams`: x - floor(x / y) * y."""
    x, y = layer.pair()
    return g.op("Sub", x, g.op("Mul", g.op("Floor", g.op("Div", x, y)), y))


def average(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`AverageLayerParams`: the mean of all inputs."""
    return g.op("Div", _combined(g, "Add", layer), float(len(layer.inputs)))


def comparison(kind: str, negate: bool = False) -> Translator:
    """Compare two inputs, or one input with the layer's alpha; the result is 1.0 or 0.0."""

    def translate(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
        other = layer.inputs[1] if len(layer.inputs) > 1 else float(layer.params.alpha)
        result = g.op(kind, layer.x, other)
        return g.op("Cast", g.op("Not", result) if negate else result, to=FLOAT)

    return translate


def logical(kind: str) -> Translator:
    """A logical operation on floats, where 0.0 is false; the result is 1.0 or 0.0."""

    def translate(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
        truths = [g.op("Cast", x, to=BOOL) for x in layer.inputs]
        return g.op("Cast", g.op(kind, *truths), to=FLOAT)

    return translate


def where(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`WhereBroadcastableLayerParams`: (condition, x, y)."""
    if len(layer.inputs) != 3:
        raise CoreMLFileError(f"expected 3 inputs, found {len(layer.inputs)}")
    return g.op("Where", g.op("Cast", layer.x, to=BOOL), *layer.inputs[1:])


def dot(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`DotProductLayerParams`: over the channels, optionally of normalized vectors."""
    a, b = layer.pair()
    product = arrays.reduce(g, "ReduceSum", g.op("Mul", a, b), [_CHANNEL])
    if not layer.params.cosineSimilarity:
        return product
    lengths = [arrays.reduce(g, "ReduceL2", value, [_CHANNEL]) for value in (a, b)]
    return g.op("Div", product, g.op("Mul", *lengths))


def _broadcast(params: Any, shape: Sequence[int]) -> np.ndarray[Any, np.dtype[np.float32]]:
    """[1], [C], [1, H, W] or [C, H, W] as an array that broadcasts against (..., C, H, W)."""
    sizes = tuple(int(size) for size in shape)
    values = nnweights.array(params, sizes)
    return values.reshape(-1, 1, 1) if len(sizes) == 1 else values


def scale(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`ScaleLayerParams`."""
    p = layer.params
    bias = _broadcast(p.bias, p.shapeBias) if p.hasBias else None
    y = activations.affine(g, at_least(layer.x, 3), _broadcast(p.scale, p.shapeScale), bias)
    return _of_shape(y, layer.x)


def bias(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`BiasLayerParams`."""
    y = g.op("Add", at_least(layer.x, 3), _broadcast(layer.params.bias, layer.params.shape))
    return _of_shape(y, layer.x)


def _of_shape(y: Tensor, x: Tensor) -> Tensor:
    """Check that a layer's numbers broadcast to its input, and not its input to the numbers."""
    if y.shape != x.shape:
        raise CoreMLFileError(f"the layer's numbers do not fit a value of shape {x.shape}")
    return y


def batchnorm(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`BatchnormLayerParams`: with stored statistics, or with those of the input."""
    p, x = layer.params, at_least(layer.x, 3)
    epsilon = float(p.epsilon or _SMALL)
    if p.channels != x.shape[_CHANNEL]:
        raise CoreMLFileError(f"{p.channels} channels do not fit a value of shape {x.shape}")
    gamma = nnweights.vector(p.gamma, p.channels)
    beta = nnweights.vector(p.beta, p.channels)
    if not p.computeMeanVar:
        mean, variance = nnweights.vector(p.mean, p.channels), nnweights.vector(p.variance, p.channels)
        return activations.batchnorm(
            g, x, _CHANNEL, mean=mean, variance=variance, gamma=gamma, beta=beta, epsilon=epsilon
        )
    axes = list(_HW) if p.instanceNormalization else [a for a in range(-x.rank, 0) if a != _CHANNEL]
    y = activations.standardize(g, x, axes, epsilon)
    return activations.affine(g, y, gamma.reshape(-1, 1, 1), beta.reshape(-1, 1, 1))


def mean_variance(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`MeanVarianceNormalizeLayerParams`."""
    p = layer.params
    axes = list(_CHW if p.acrossChannels else _HW)
    epsilon = float(p.epsilon or _SMALLER)
    return activations.standardize(g, at_least(layer.x, 3), axes, epsilon, divide=p.normalizeVariance)


def l2_normalize(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`L2NormalizeLayerParams`: over channels, height and width."""
    x = at_least(layer.x, 3)
    squares = arrays.reduce(g, "ReduceSumSquare", x, _CHW)
    return g.op("Div", x, g.op("Sqrt", g.op("Add", squares, float(layer.params.epsilon or _SMALLER))))


def layer_normalization(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`LayerNormalizationLayerParams`: over the last axes."""
    p, shape = layer.params, tuple(int(size) for size in layer.params.normalizedShape)
    if not shape or shape != layer.x.shape[-len(shape) :]:
        raise CoreMLFileError(f"a normalization over {shape} does not fit a value of shape {layer.x.shape}")
    y = activations.standardize(g, layer.x, list(range(-len(shape), 0)), p.eps)
    gamma, beta = nnweights.array(p.gamma, shape), nnweights.array(p.beta, shape)
    return activations.affine(g, y, gamma, beta)


def lrn(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`LRNLayerParams`: over neighbouring channels."""
    p = layer.params
    x = arrays.fold(g, at_least(layer.x, 3), 4)
    y = activations.local_response(g, x, size=p.localSize, alpha=p.alpha, beta=p.beta, k=p.k or 1.0)
    return arrays.unfold(g, y, layer.x)


_REDUCTIONS = {"SUM": "ReduceSum", "AVG": "ReduceMean", "PROD": "ReduceProd", "SUMSQUARE": "ReduceSumSquare",
               "L1": "ReduceL1", "L2": "ReduceL2", "MAX": "ReduceMax", "MIN": "ReduceMin"}  # fmt: skip
_REDUCED_AXES = {"CHW": _CHW, "HW": _HW, "C": (-3,), "H": (-2,), "W": (-1,)}


def reduce(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`ReduceLayerParams`: over channels, height, width or several of them, which keep size 1."""
    p, x = layer.params, layer.x
    kind, axes = proto.enum_name(p, "mode", p.mode), _REDUCED_AXES[proto.enum_name(p, "axis", p.axis)]
    if kind == "ARGMAX":
        if len(axes) != 1:
            raise CoreMLFileError("ARGMAX: expected one axis, found several")
        return g.op("Cast", arrays.arg(g, "ArgMax", x, axes[0], True), to=FLOAT)
    if kind == "LOGSUM":  # the sum of logarithms, unlike ONNX's operation of that name
        logarithms = g.op("Log", g.op("Add", x, float(p.epsilon or _SMALLER)))
        return arrays.reduce(g, "ReduceSum", logarithms, axes)
    return arrays.reduce(g, _REDUCTIONS[kind], x, axes)


def reduction(kind: str) -> Translator:
    """A reduction over any axes; the result has at least one axis."""

    def translate(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
        p = layer.params
        y = arrays.reduce(g, kind, layer.x, None if p.reduceAll else list(p.axes), keep=p.keepDims)
        return y if y.rank else arrays.reshape(g, y, (1,))

    return translate


def extreme(kind: str) -> Translator:
    """The index of the largest or smallest value along an axis, as a float."""

    def translate(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
        keep = not layer.params.removeDim or layer.x.rank == 1
        return g.op("Cast", arrays.arg(g, kind, layer.x, layer.params.axis, keep), to=FLOAT)

    return translate


def elementwise(kind: str) -> Translator:
    """A single ONNX node with one input and no parameters."""
    return lambda g, layer: g.op(kind, layer.x)


_NODES = {"ceil": "Ceil", "floor": "Floor", "sign": "Sign", "round": "Round", "sin": "Sin", "cos": "Cos",
          "tan": "Tan", "asin": "Asin", "acos": "Acos", "atan": "Atan", "sinh": "Sinh", "cosh": "Cosh",
          "tanh": "Tanh", "asinh": "Asinh", "acosh": "Acosh", "atanh": "Atanh", "erf": "Erf"}  # fmt: skip

LAYERS: dict[str, Translator] = {
    **{name: elementwise(kind) for name, kind in _NODES.items()},
    "exp2": lambda g, layer: g.op("Pow", g.constant(2.0), layer.x),
    "innerProduct": inner_product,
    "batchedMatmul": batched_matmul,
    "activation": activation,
    "gelu": gelu,
    "clampedReLU": lambda g, layer: activations.clamped_relu(
        g, layer.x, layer.params.alpha, layer.params.beta
    ),
    "clip": lambda g, layer: activations.clip(g, layer.x, layer.params.minVal, layer.params.maxVal),
    "softmax": softmax,
    "softmaxND": lambda g, layer: activations.softmax(g, layer.x, layer.params.axis),
    "unary": unary,
    "add": several("Add", lambda params: params.alpha),
    "multiply": several("Mul", lambda params: params.alpha),
    "average": average,
    "max": several("Max"),
    "min": several("Min"),
    "addBroadcastable": several("Add"),
    "subtractBroadcastable": several("Sub"),
    "multiplyBroadcastable": several("Mul"),
    "divideBroadcastable": several("Div"),
    "maxBroadcastable": several("Max"),
    "minBroadcastable": several("Min"),
    "powBroadcastable": several("Pow"),
    "modBroadcastable": modulo,
    "floorDivBroadcastable": lambda g, layer: g.op("Floor", g.op("Div", *layer.pair())),
    "equal": comparison("Equal"),
    "notEqual": comparison("Equal", negate=True),
    "lessThan": comparison("Less"),
    "lessEqual": comparison("LessOrEqual"),
    "greaterThan": comparison("Greater"),
    "greaterEqual": comparison("GreaterOrEqual"),
    "logicalAnd": logical("And"),
    "logicalOr": logical("Or"),
    "logicalXor": logical("Xor"),
    "logicalNot": logical("Not"),
    "whereBroadcastable": where,
    "dot": dot,
    "scale": scale,
    "bias": bias,
    "batchnorm": batchnorm,
    "mvn": mean_variance,
    "l2normalize": l2_normalize,
    "layerNormalization": layer_normalization,
    "lrn": lrn,
    "reduce": reduce,
    **{f"reduce{name}": reduction(f"Reduce{name}")
       for name in ("L1", "L2", "Max", "Min", "Sum", "Prod", "Mean", "LogSum", "SumSquare", "LogSumExp")},
    "argMax": extreme("ArgMax"),
    "argMin": extreme("ArgMin"),
}  # fmt: skip
