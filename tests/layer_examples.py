"""Every layer type with several choices of arguments, for the tests that walk them all.

First comes the `example` of the class, which the reference shows; here are those that the layer does otherwise.
"""

from quickml.spec.layers import LAYERS

PICTURE, FLAT = (9, 8, 4), (6,)
VARIANTS = {
    "Dense": [
        (FLAT, {"units": 5}),
        (FLAT, {"units": 1, "use_bias": False, "activation": "gelu", "kernel_initializer": "orthogonal"}),
        (FLAT, {"units": 3, "kernel_regularizer": {"l1": 0.1, "l2": 0.2}, "bias_initializer": "ones"}),
    ],
    "Conv2D": [
        (PICTURE, {"filters": 3, "kernel_size": 3}),
        (PICTURE, {"filters": 8, "kernel_size": [1, 5], "groups": 4, "use_bias": False}),
        (PICTURE, {"filters": 2, "kernel_size": [3, 2], "strides": [2, 3], "padding": "same"}),
        (PICTURE, {"filters": 2, "kernel_size": 2, "strides": 3}),
        (PICTURE, {"filters": 2, "kernel_size": 3, "dilation_rate": [2, 3], "activation": "relu6"}),
        (PICTURE, {"filters": 2, "kernel_size": 3, "dilation_rate": 2, "padding": "same"}),
    ],
    "MaxPooling2D": [
        (PICTURE, {}),
        (PICTURE, {"pool_size": 3, "strides": 1}),
        (PICTURE, {"pool_size": [2, 3], "strides": [3, 2], "padding": "same"}),
    ],
    "AveragePooling2D": [
        (PICTURE, {}),
        (PICTURE, {"pool_size": [4, 1]}),
        (PICTURE, {"pool_size": 5, "strides": 2, "padding": "same"}),
    ],
    "GlobalAveragePooling2D": [(PICTURE, {}), (PICTURE, {"keepdims": True})],
    "GlobalMaxPooling2D": [(PICTURE, {}), (PICTURE, {"keepdims": True})],
    "Flatten": [(PICTURE, {}), (FLAT, {}), ((1, 1, 1), {})],
    "Reshape": [
        (PICTURE, {"target_shape": [288]}),
        (PICTURE, {"target_shape": [-1, 6]}),
        (FLAT, {"target_shape": [3, 2, 1]}),
    ],
    "ZeroPadding2D": [
        (PICTURE, {}),
        (PICTURE, {"padding": 3}),
        (PICTURE, {"padding": [0, 2]}),
        (PICTURE, {"padding": [[1, 2], [3, 4]]}),
    ],
    "Dropout": [(PICTURE, {"rate": 0.5}), (FLAT, {"rate": 0.0})],
    "BatchNormalization": [
        (PICTURE, {}),
        (PICTURE, {"axis": 1, "scale": False}),
        (PICTURE, {"axis": -2, "center": False, "momentum": 0.5, "epsilon": 0.1}),
        (FLAT, {"center": False, "scale": False}),
    ],
    "Activation": [(FLAT, {"activation": "softmax"}), (PICTURE, {"activation": "hard_sigmoid"})],
    "ReLU": [(FLAT, {}), (PICTURE, {"max_value": 6.0, "negative_slope": 0.1, "threshold": 0.5})],
    "LeakyReLU": [(FLAT, {}), (PICTURE, {"negative_slope": 0.01})],
    "Softmax": [(FLAT, {}), (PICTURE, {"axis": 1})],
    "Rescaling": [(PICTURE, {"scale": 0.0039}), (FLAT, {"scale": 2.0, "offset": -1.0})],
    "Normalization": [
        (PICTURE, {}),
        (FLAT, {"invert": True}),
        (FLAT, {"mean": 1.0, "variance": 4.0}),
        (PICTURE, {"mean": [1.0, 2.0, 3.0, 4.0], "variance": [1.0, 4.0, 9.0, 16.0], "invert": True}),
    ],
    "Add": [(PICTURE, {}), (FLAT, {})],
    "Concatenate": [(PICTURE, {}), (PICTURE, {"axis": 1}), (FLAT, {})],
}
"""Input shape and arguments, one for every way in which a layer behaves differently."""

EXAMPLES = {
    kind: [tuple(cls.example), *VARIANTS.get(kind, [])] for kind, cls in LAYERS.items() if hasattr(cls, "example")
}
"""All of them; a layer that merges takes the input and a copy of it."""


def layers_of(kind, arguments):
    made = {"type": kind, "name": "layer", **arguments}
    if not LAYERS[kind].merges:
        return [made]
    return [{"type": "ReLU", "name": "copy"}, {**made, "inputs": ["input", "copy"]}]
