"""Our own count of multiply-adds, held against the operations of the graph that TensorFlow makes of a layer."""

import math

import pytest

from layer_examples import EXAMPLES, layers_of
from quickml.document.layers import LAYERS
from quickml.document.shapes import walk

COUNTED = ("Conv", "Dense", "Pooling", "LSTM", "GRU", "RNN", "Attention", "Bidirectional", "TimeDistributed")
"""Parts of the names of layers that multiply or pool."""


@pytest.mark.parametrize(
    ("kind", "shape", "arguments"),
    [
        (kind, *example)
        for kind, examples in EXAMPLES.items()
        if any(part in kind for part in COUNTED)
        for example in examples[:3]
        if "dilation_rate" not in example[1]  # for which TensorFlow computes a margin as well
    ],
    ids=lambda value: value if isinstance(value, str) else str(value).replace(" ", ""),
)
def test_multiply_adds_are_those_of_the_graph(kind, shape, arguments):
    from quickml.training.backend import tf
    from quickml.training.build import connect

    parts = [LAYERS[part["type"]].model_validate(part) for part in layers_of(kind, arguments)]
    graph, _ = walk(parts, shape)
    model = connect(graph, "input", "float32")
    for layer in model._flatten_layers():
        if hasattr(layer, "unroll"):
            layer.unroll = True  # a loop would be one operation of the graph, whatever it runs
    traced = tf.function(model, autograph=False).get_concrete_function(
        tf.TensorSpec((1, *shape), model.input.dtype)
    )
    is_global = kind.startswith("Global")
    theirs = sum(counted(operation, is_global) for operation in traced.graph.get_operations())
    assert sum(node.layer.multiply_adds(*node.input_shapes) for node in graph.nodes) == theirs


def counted(operation, is_global):
    """Multiply-adds of one operation, from the shapes of its tensors."""
    of = [tensor.shape.as_list() for tensor in operation.inputs]
    to = math.prod(operation.outputs[0].shape) if operation.outputs and operation.outputs[0].shape.rank else 0
    match operation.type:
        case "PartitionedCall" | "StatefulPartitionedCall":  # Keras compiles some convolutions
            inner = operation.graph._get_function(operation.get_attr("f").name).graph
            return sum(counted(one, is_global) for one in inner.get_operations())
        case "MatMul":
            return to * of[0][0 if operation.get_attr("transpose_a") else 1]
        case "BatchMatMulV2":
            return to * of[0][-2 if operation.get_attr("adj_x") else -1]
        case "Einsum":
            names = operation.get_attr("equation").decode().split("->")[0].split(",")
            sizes = {
                name: size
                for letters, shape in zip(names, of, strict=True)
                for name, size in zip(letters, shape, strict=True)
            }
            return math.prod(sizes.values())
        case "Conv2D":
            return to * math.prod(of[1][:3])
        case "DepthwiseConv2dNative":
            return to * math.prod(of[1][:2])
        case "Conv2DBackpropInput":  # how a transposed convolution is computed
            return math.prod(of[2]) * math.prod(of[1][:3])
        case "MaxPool" | "AvgPool":
            return to * math.prod(operation.get_attr("ksize"))
        case "Mean" | "Max" if is_global:
            return math.prod(of[0])
    return 0
