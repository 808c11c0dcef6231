"""Every layer type with several choices of arguments, for the tests that walk them all.

First comes the `example` of the class, which the reference shows; here are those that the layer does otherwise.
"""

from quickml.document.layers import LAYERS

PICTURE, FLAT, ROWS, SEQUENCE = (9, 8, 4), (6,), (5, 4), (7, 4)
VARIANTS = {
    "Dense": [
        (FLAT, {"units": 5}),
        (FLAT, {"units": 1, "use_bias": False, "activation": "gelu", "kernel_initializer": "orthogonal"}),
        (FLAT, {"units": 3, "kernel_regularizer": {"l1": 0.1, "l2": 0.2}, "bias_initializer": "ones"}),
        (SEQUENCE, {"units": 3, "activation": "softmax"}),
        ((1, 4), {"units": 2, "use_bias": False}),
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
        (SEQUENCE, {}),
        (SEQUENCE, {"axis": 1}),
    ],
    "DepthwiseConv2D": [
        (PICTURE, {"kernel_size": 3}),
        (
            PICTURE,
            {
                "kernel_size": [3, 2],
                "depth_multiplier": 3,
                "strides": 2,
                "padding": "same",
                "use_bias": False,
            },
        ),
        (
            PICTURE,
            {"kernel_size": 2, "strides": [1, 3], "activation": "relu", "depthwise_regularizer": {"l2": 0.1}},
        ),
        (PICTURE, {"kernel_size": 3, "dilation_rate": [2, 3], "padding": "same"}),
    ],
    "SeparableConv2D": [
        (PICTURE, {"filters": 5, "kernel_size": 3}),
        (
            PICTURE,
            {"filters": 2, "kernel_size": 3, "depth_multiplier": 2, "strides": [2, 3], "padding": "same"},
        ),
        (
            PICTURE,
            {
                "filters": 3,
                "kernel_size": 2,
                "dilation_rate": 2,
                "use_bias": False,
                "activation": "gelu_approximate",
            },
        ),
        (
            PICTURE,
            {
                "filters": 3,
                "kernel_size": 2,
                "pointwise_regularizer": {"l1": 0.1},
                "pointwise_initializer": "ones",
            },
        ),
    ],
    "Conv2DTranspose": [
        (PICTURE, {"filters": 3, "kernel_size": 3}),
        (PICTURE, {"filters": 3, "kernel_size": [2, 5], "strides": [3, 2]}),
        (
            PICTURE,
            {"filters": 3, "kernel_size": 1, "strides": 3, "output_padding": 2, "activation": "sigmoid"},
        ),
        (PICTURE, {"filters": 3, "kernel_size": 4, "strides": 3, "output_padding": [0, 1]}),
        (PICTURE, {"filters": 3, "kernel_size": 4, "strides": 2, "padding": "same", "use_bias": False}),
        (
            PICTURE,
            {
                "filters": 3,
                "kernel_size": [3, 5],
                "strides": [4, 3],
                "padding": "same",
                "activation": "softmax",
            },
        ),
        (PICTURE, {"filters": 3, "kernel_size": 2, "strides": [3, 4], "padding": "same"}),
        (
            PICTURE,
            {"filters": 3, "kernel_size": 3, "strides": 2, "padding": "same", "output_padding": [0, 1]},
        ),
        (
            PICTURE,
            {"filters": 3, "kernel_size": 4, "strides": 3, "padding": "same", "output_padding": [1, 2]},
        ),
    ],
    "Cropping2D": [(PICTURE, {}), (PICTURE, {"cropping": [1, 2]}), (PICTURE, {"cropping": [[0, 3], [4, 1]]})],
    "UpSampling2D": [
        (PICTURE, {}),
        (PICTURE, {"size": [3, 1]}),
        (PICTURE, {"size": [2, 3], "interpolation": "bilinear"}),
        ((1, 1, 2), {"size": 5, "interpolation": "bilinear"}),
    ],
    "Resizing": [
        (PICTURE, {"height": 20, "width": 5}),
        (PICTURE, {"height": 4, "width": 11, "interpolation": "nearest"}),
        (PICTURE, {"height": 1, "width": 1}),
        (PICTURE, {"height": 13, "width": 24, "interpolation": "nearest"}),
    ],
    "SpatialDropout2D": [(PICTURE, {"rate": 0.5})],
    "GaussianNoise": [(PICTURE, {"stddev": 0.5}), (FLAT, {"stddev": 0.0})],
    "GroupNormalization": [
        (PICTURE, {"groups": 2}),
        (PICTURE, {"groups": -1, "scale": False}),
        (PICTURE, {"groups": 3, "axis": 1, "epsilon": 0.1}),
        (PICTURE, {"groups": 1, "axis": -2, "center": False}),
        (FLAT, {"groups": 3}),
        (FLAT, {"groups": 2, "scale": False, "center": False}),
        (ROWS, {"groups": 2, "axis": -1}),
        (ROWS, {"groups": 5, "axis": 1}),
    ],
    "PReLU": [
        (PICTURE, {}),
        (PICTURE, {"shared_axes": [1, 2], "alpha_initializer": "random_normal"}),
        (PICTURE, {"shared_axes": [1, 2, 3], "alpha_regularizer": {"l2": 0.1}}),
        (PICTURE, {"shared_axes": [1, 3]}),
        (FLAT, {}),
        (ROWS, {"shared_axes": [1]}),
    ],
    "ELU": [(PICTURE, {}), (FLAT, {"alpha": 2.0})],
    "RandomFlip": [(PICTURE, {})],
    "RandomRotation": [(PICTURE, {"factor": [-0.1, 0.3], "interpolation": "nearest"})],
    "RandomZoom": [(PICTURE, {"height_factor": [-0.5, 0.2], "width_factor": 0.1, "fill_mode": "wrap"})],
    "RandomTranslation": [
        (PICTURE, {"height_factor": 0.5, "width_factor": [0, 0.2], "fill_mode": "nearest"})
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
    "Minimum": [(PICTURE, {}), (FLAT, {})],
    "Maximum": [(PICTURE, {}), (FLAT, {})],
    "Average": [(PICTURE, {}), (FLAT, {})],
    "Multiply": [(PICTURE, {}), (FLAT, {})],
    "Subtract": [(PICTURE, {}), (FLAT, {})],
    "Concatenate": [(PICTURE, {}), (PICTURE, {"axis": 1}), (FLAT, {})],
    "LayerNormalization": [
        (FLAT, {"epsilon": 0.1}),
        (SEQUENCE, {"axis": 1, "center": False}),
        (SEQUENCE, {"axis": [1, 2]}),
        (PICTURE, {"scale": False}),
        (PICTURE, {"axis": [1, -1]}),
        (PICTURE, {"axis": [1, 2, 3], "center": False}),
    ],
    "Conv1D": [
        (SEQUENCE, {"filters": 3, "kernel_size": 3, "strides": 2, "padding": "same", "activation": "relu"}),
        (SEQUENCE, {"filters": 4, "kernel_size": 2, "groups": 2, "padding": "causal", "dilation_rate": 2}),
        (SEQUENCE, {"filters": 3, "kernel_size": 3, "strides": 2, "padding": "causal", "use_bias": False}),
        (SEQUENCE, {"filters": 3, "kernel_size": 7, "activation": "softmax"}),
    ],
    "MaxPooling1D": [
        (SEQUENCE, {}),
        (SEQUENCE, {"pool_size": 3, "strides": 1}),
        (SEQUENCE, {"pool_size": 3, "strides": 2, "padding": "same"}),
    ],
    "AveragePooling1D": [
        (SEQUENCE, {"pool_size": 3}),
        (SEQUENCE, {"pool_size": 4, "strides": 2, "padding": "same"}),
    ],
    "GlobalAveragePooling1D": [(SEQUENCE, {"keepdims": True})],
    "GlobalMaxPooling1D": [(SEQUENCE, {"keepdims": True})],
    "ZeroPadding1D": [(SEQUENCE, {}), (SEQUENCE, {"padding": 3}), (SEQUENCE, {"padding": [0, 2]})],
    "RepeatVector": [(FLAT, {"n": 1})],
    "SpatialDropout1D": [(SEQUENCE, {"rate": 0.0})],
    "Permute": [(FLAT, {"dims": [1]}), (PICTURE, {"dims": [3, 1, 2]}), (PICTURE, {"dims": [2, 1, 3]})],
    "Embedding": [((4,), {"input_dim": 3, "output_dim": 1, "embeddings_initializer": "glorot_normal"})],
    "MultiHeadAttention": [
        (SEQUENCE, {"num_heads": 2, "key_dim": 3, "value_dim": 5, "use_causal_mask": True}),
        (SEQUENCE, {"num_heads": 1, "key_dim": 8, "use_bias": False, "dropout": 0.5}),
    ],
    "SimpleRNN": [
        (SEQUENCE, {"units": 3, "return_sequences": True, "go_backwards": True}),
        (SEQUENCE, {"units": 3, "activation": "relu", "use_bias": False, "dropout": 0.5}),
        ((1, 4), {"units": 3, "activation": "linear"}),
    ],
    "LSTM": [
        (SEQUENCE, {"units": 3, "return_sequences": True}),
        (SEQUENCE, {"units": 3, "go_backwards": True, "use_bias": False, "recurrent_dropout": 0.5}),
        (SEQUENCE, {"units": 3, "go_backwards": True, "return_sequences": True, "unit_forget_bias": False}),
        (SEQUENCE, {"units": 3, "recurrent_activation": "hard_sigmoid", "return_sequences": True}),
        (SEQUENCE, {"units": 3, "activation": "softmax", "recurrent_activation": "softmax"}),
        ((1, 4), {"units": 3, "activation": "gelu_approximate", "use_bias": False}),
    ],
    "GRU": [
        (SEQUENCE, {"units": 3, "return_sequences": True}),
        (SEQUENCE, {"units": 3, "reset_after": False, "go_backwards": True, "return_sequences": True}),
        (SEQUENCE, {"units": 3, "use_bias": False, "recurrent_activation": "softmax"}),
        (SEQUENCE, {"units": 3, "reset_after": False, "use_bias": False, "activation": "linear"}),
        ((1, 4), {"units": 3, "return_sequences": True}),
    ],
    "Bidirectional": [
        (SEQUENCE, {"layer": {"type": "LSTM", "units": 3, "return_sequences": True}, "merge_mode": "mul"}),
        (SEQUENCE, {"layer": {"type": "GRU", "units": 3, "return_sequences": True}, "merge_mode": "ave"}),
        (SEQUENCE, {"layer": {"type": "SimpleRNN", "units": 3}, "merge_mode": "sum"}),
        (SEQUENCE, {"layer": {"type": "LSTM", "units": 3, "return_sequences": True, "activation": "relu"}}),
    ],
    "TimeDistributed": [(SEQUENCE, {"layer": {"type": "Dense", "units": 3, "activation": "relu"}})],
}
"""Input shape and arguments, one for every way in which a layer behaves differently."""

EXAMPLES = {
    kind: [tuple(cls.example), *VARIANTS.get(kind, [])]
    for kind, cls in LAYERS.items()
    if hasattr(cls, "example")
}
"""All of them; a layer that merges takes the input and a copy of it."""


def layers_of(kind, arguments):
    made = {"type": kind, "name": "layer", **arguments}
    if not LAYERS[kind].merges:
        return [made]
    return [{"type": "ReLU", "name": "copy"}, {**made, "inputs": ["input", "copy"]}]
