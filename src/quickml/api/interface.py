"""What a Core ML file says about itself: what an app needs to use it."""

from __future__ import annotations

from typing import Literal

from quickml.api.artifacts import AnsweringFile
from quickml.api.message import ApiMessage


class FeatureMessage(ApiMessage):
    """An input or output of a model."""

    name: str
    """Name."""
    kind: Literal[
        "image", "multiarray", "dictionary", "sequence", "string", "int64", "double", "state", "unknown"
    ]
    """Type of the value."""
    shape: tuple[int, ...]
    """(height, width, channels) of an image, the shape of an array, or empty."""
    data_type: str
    """Type of the numbers of an array, such as `float32`, or of the items of a dictionary."""
    color_space: str
    """For an image: `GRAYSCALE`, `RGB` or `BGR`."""
    description: str
    """What the file says about it."""
    column: str = ""
    """Of an input that is a column of a table or of recordings: the name of the column, if it differs."""
    categories: tuple[str | int, ...] = ()
    """Of an input that is a category: the values that the model knows."""
    refuses_unknown: bool = False
    """Whether other values than the categories are errors. Otherwise they count as missing."""
    replacement: float | int | str | None = None
    """What the model takes for a missing value."""


class InterfaceMessage(ApiMessage):
    """What a Core ML file says about itself. It is read from the file."""

    file: AnsweringFile
    """The file."""
    type: str
    """Type of the model, such as `neuralNetworkClassifier` or `mlProgram`."""
    minimum_ios: str
    """First version of iOS that reads the file."""
    is_updatable: bool
    """Whether a phone can continue to train it."""
    inputs: tuple[FeatureMessage, ...]
    """Inputs."""
    outputs: tuple[FeatureMessage, ...]
    """Outputs."""
    predicted_feature: str
    """For a classifier: name of the output with the label."""
    predicted_probabilities: str
    """For a classifier: name of the output with the probabilities."""
    labels: tuple[str | int, ...] | None
    """For a classifier: labels in their order; otherwise null."""
    weight_types: tuple[str, ...]
    """How the weights are stored, such as `float32`."""
    author: str
    """Author."""
    license: str
    """License."""
    version: str
    """Version."""
    short_description: str
    """Description of the model."""
