"""Layers that gather, scatter, sort and select entries."""

from __future__ import annotations

import numpy as np

from quickml.errors import CoreMLFileError
from quickml.export.coreml.reading import nnweights, proto
from quickml.export.onnx import arrays, lookups
from quickml.export.onnx.graph import FLOAT, OnnxGraph, Tensor
from quickml.export.onnx.nn_layer import NetworkLayer, Translator, at_least, integers


def embedding(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`EmbeddingLayerParams`: (..., 1, 1, 1) -> (..., C, 1, 1)."""
    p, x = layer.params, at_least(layer.x, 4)
    table = nnweights.array(p.weights, (p.outputChannels, p.inputDim)).T
    bias = nnweights.array(p.bias, (p.outputChannels,)) if p.hasBias else None
    rows = arrays.embedding(g, arrays.reshape(g, x, (*x.shape[:-3], 1)), np.ascontiguousarray(table), bias)
    return arrays.reshape(g, rows, (*rows.shape, 1, 1))


def embedding_nd(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`EmbeddingNDLayerParams`: (..., 1) -> (..., size)."""
    p = layer.params
    table = nnweights.array(p.weights, (p.embeddingSize, p.vocabSize)).T
    bias = nnweights.array(p.bias, (p.embeddingSize,)) if p.hasBias else None
    return arrays.embedding(g, layer.x, np.ascontiguousarray(table), bias)


def gather(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`GatherLayerParams`: entries of the first input at the indices in the second."""
    return arrays.gather(g, *layer.pair(), layer.params.axis)


def gather_nd(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`GatherNDLayerParams`: gather slices at indices of the first axes."""
    return lookups.gather_nd(g, *layer.pair())


def gather_along_axis(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`GatherAlongAxisLayerParams`: gather one entry per index."""
    return lookups.gather_along(g, *layer.pair(), layer.params.axis)


def _scattered(layer: NetworkLayer) -> tuple[Tensor, Tensor, Tensor, str]:
    """The value, the indices, the updates and the mode of a scatter layer."""
    if len(layer.inputs) != 3:
        raise CoreMLFileError(f"expected 3 inputs, found {len(layer.inputs)}")
    mode = proto.enum_name(layer.params, "mode", layer.params.mode)
    return *layer.inputs, mode.removeprefix("SCATTER_").lower()


def scatter(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`ScatterLayerParams`: update slices along an axis."""
    x, indices, updates, mode = _scattered(layer)
    return lookups.scatter(g, x, indices, updates, axis=layer.params.axis, mode=mode)


def scatter_along_axis(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`ScatterAlongAxisLayerParams`: update one entry per index."""
    x, indices, updates, mode = _scattered(layer)
    return lookups.scatter_along(g, x, indices, updates, axis=layer.params.axis, mode=mode)


def scatter_nd(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`ScatterNDLayerParams`: update slices at indices of the first axes."""
    return lookups.scatter_nd(g, *_scattered(layer))


def top_k(g: OnnxGraph, layer: NetworkLayer) -> tuple[Tensor, Tensor]:
    """`TopKLayerParams`: the values, and their indices as floats."""
    p = layer.params
    (count,) = integers(g, layer, 1, (p.K,))
    values, indices = lookups.top_k(g, layer.x, count, p.axis, largest=not p.useBottomK)
    return values, g.op("Cast", indices, to=FLOAT)


def argsort(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`ArgSortLayerParams`: the indices that sort an axis, as floats."""
    p, x = layer.params, layer.x
    count = x.shape[arrays.axis_of(p.axis, x.rank)]
    return g.op("Cast", lookups.top_k(g, x, count, p.axis, largest=p.descending)[1], to=FLOAT)


def one_hot(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`OneHotLayerParams`: a new axis that is `onValue` at the index and `offValue` elsewhere."""
    p = layer.params
    (depth,) = integers(g, layer, 1, (p.oneHotVectorSize,))
    return lookups.one_hot(g, layer.x, depth, p.axis, on=float(p.onValue), off=float(p.offValue))


def reverse_sequence(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`ReverseSeqLayerParams`: reverse the first entries of each sequence."""
    x, lengths = layer.pair()
    return lookups.reverse_sequence(g, x, lengths, layer.params.sequenceAxis, layer.params.batchAxis)


def sliding_windows(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`SlidingWindowsLayerParams`: all windows along an axis."""
    p = layer.params
    return lookups.sliding_windows(g, layer.x, p.axis, int(p.windowSize), int(p.step))


def band(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
    """`MatrixBandPartLayerParams`: zeros outside a band around the diagonal."""
    return lookups.band(g, layer.x, layer.params.numLower, layer.params.numUpper)


def triangle(upper: bool) -> Translator:
    """`UpperTriangularLayerParams` and `LowerTriangularLayerParams`: zeros beyond the k-th diagonal."""

    def translate(g: OnnxGraph, layer: NetworkLayer) -> Tensor:
        x = at_least(layer.x, 2)
        ones = np.ones(x.shape[-2:], dtype=np.bool_)
        k = int(np.clip(layer.params.k, -max(ones.shape), max(ones.shape)))
        return lookups.keep_where(g, x, np.triu(ones, k) if upper else np.tril(ones, k))

    return translate


LAYERS: dict[str, Translator] = {
    "embedding": embedding,
    "embeddingND": embedding_nd,
    "gather": gather,
    "gatherND": gather_nd,
    "gatherAlongAxis": gather_along_axis,
    "scatter": scatter,
    "scatterND": scatter_nd,
    "scatterAlongAxis": scatter_along_axis,
    "topK": top_k,
    "argSort": argsort,
    "oneHot": one_hot,
    "reverseSeq": reverse_sequence,
    "slidingWindows": sliding_windows,
    "matrixBandPart": band,
    "upperTriangular": triangle(upper=True),
    "lowerTriangular": triangle(upper=False),
}
