"""What the layers for pictures refuse, and how they say so; no TensorFlow."""

import pytest

from quickml.document import understand
from quickml.errors import DocumentError

END = [{"type": "Flatten"}, {"type": "Dense", "units": 10, "activation": "softmax"}]


def said(*layers):
    """The problems of a network for pictures of 8 by 8 pixels, one a line."""
    with pytest.raises(DocumentError) as caught:
        understand({"name": "t", "dataset": "digits", "model": {"layers": [*layers, *END]}})
    return str(caught.value)


@pytest.mark.parametrize(
    ("layer", "problem"),
    [
        (
            {"type": "RandomRotation", "factor": 2},
            "/model/layers/0/factor: expected a number of at most 1.0, found 2",
        ),
        (
            {"type": "RandomTranslation", "height_factor": 0.1, "width_factor": [0.1]},
            "/model/layers/0/width_factor: expected at least 2 items, found [0.1]",
        ),
        (
            {"type": "RandomZoom", "height_factor": [-1, 0.5]},
            "/model/layers/0/height_factor/0: expected a number above -1.0, found -1",
        ),
        (
            {"type": "Cropping2D", "cropping": [[3, 5], [0, 0]]},
            "/model/layers/0/cropping: Cropping2D expects less than the 8 rows and 8 columns there are, found (8, 0)",
        ),
        (
            {"type": "GroupNormalization", "groups": 3, "axis": 1},
            "/model/layers/0/groups: GroupNormalization expects groups that divide the 8 entries of axis 1, or -1, "
            "found 3; write 1",
        ),
        (
            {"type": "PReLU", "shared_axes": [1, 4]},
            "/model/layers/0/shared_axes: PReLU expects an axis from 1 to 3, or from -3 to -1, found 4; 0 is the batch",
        ),
        (
            {
                "type": "Conv2DTranspose",
                "filters": 2,
                "kernel_size": 3,
                "strides": [3, 2],
                "output_padding": 2,
            },
            "/model/layers/0/output_padding: Conv2DTranspose expects at least 0 and less than the strides of 2, found 2; "
            "leave it out for the default",
        ),
        (
            {"type": "SeparableConv2D", "filters": 2, "kernel_size": 2, "strides": 2, "dilation_rate": 2},
            "/model/layers/0/strides: SeparableConv2D expects strides of 1 where dilation_rate is above 1, "
            "found strides (2, 2); write 1",
        ),
        (
            {"type": "DepthwiseConv2D", "kernel_size": [9, 1]},
            "/model/layers/0/kernel_size: DepthwiseConv2D expects at least 9 rows and columns for this kernel_size, "
            'found (8, 8, 1); make it smaller, or use the padding "same"',
        ),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else "",
)
def test_arguments_that_do_not_fit(layer, problem):
    assert said(layer) == problem


@pytest.mark.parametrize(
    "layer",
    [
        {"type": "RandomFlip"},
        {"type": "RandomRotation", "factor": 0.1},
        {"type": "SpatialDropout2D", "rate": 0.1},
        {"type": "Resizing", "height": 4, "width": 4},
        {"type": "UpSampling2D"},
        {"type": "Conv2DTranspose", "filters": 2, "kernel_size": 3},
        {"type": "DepthwiseConv2D", "kernel_size": 3},
        {"type": "SeparableConv2D", "filters": 2, "kernel_size": 3},
    ],
    ids=lambda layer: layer["type"],
)
def test_a_layer_for_pictures_says_that_a_row_of_numbers_is_none(layer):
    assert said({"type": "Flatten"}, layer).startswith(
        f"/model/layers/1: {layer['type']} expects an image of (height, width, channels), found (64,); "
        "put a Reshape to (height, width, channels) before it"
    )


@pytest.mark.parametrize("kind", ["Subtract", "Multiply", "Average", "Maximum", "Minimum"])
def test_inputs_number_by_number_have_one_shape(kind):
    wide = {"type": "ReLU", "name": "wide"}
    narrow = {"type": "Cropping2D", "cropping": 1, "name": "narrow", "inputs": ["wide"]}
    assert said(wide, narrow, {"type": kind, "inputs": ["wide", "narrow"]}) == (
        f"/model/layers/2/inputs: {kind} expects inputs of one shape, found (8, 8, 1) and (6, 6, 1)"
    )


def test_subtract_takes_two():
    layers = [{"type": "ReLU", "name": name, "inputs": ["input"]} for name in "abc"]
    assert said(*layers, {"type": "Subtract", "inputs": ["a", "b", "c"]}) == (
        "/model/layers/3/inputs: Subtract expects two inputs, found 3"
    )


@pytest.mark.parametrize(
    "layer",
    [
        {"type": "Resizing", "height": 10**9, "width": 10**9},
        {"type": "UpSampling2D", "size": 10**6},
        {"type": "Conv2DTranspose", "filters": 1, "kernel_size": 1, "strides": 10**6},
        {"type": "DepthwiseConv2D", "kernel_size": 3, "depth_multiplier": 10**9},
    ],
    ids=lambda layer: layer["type"],
)
def test_an_absurd_picture_is_refused(layer):
    assert "expected at most" in said(layer)
