"""What a document may contain: layers and datasets."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from quickml.api.message import ApiMessage, JsonSchema


class LayerExample(ApiMessage):
    """An example of a layer."""

    input_shape: tuple[int, ...]
    """Shape of its input, without the batch."""
    arguments: dict[str, Any]
    """Arguments of the layer."""


class LayerMessage(ApiMessage):
    """A type of layer."""

    type: str
    """Type, as in a document."""
    help: str
    """What the layer does."""
    group: str
    """Where to look for it in a list: `core`, `convolution`, `pooling`, `recurrent`, `attention`,
    `normalization`, `regularization`, `activation`, `reshaping`, `merging`, `preprocessing` or
    `augmentation`."""
    merges: bool
    """Whether the layer takes several inputs."""
    example: LayerExample
    """An example of the layer."""
    arguments: JsonSchema = Field(alias="schema")
    """JSON Schema of the layer in a document, with defaults and descriptions."""


class LayerList(ApiMessage):
    """All types of layers."""

    layers: tuple[LayerMessage, ...]
    """Types of layers."""


class DatasetMessage(ApiMessage):
    """A dataset."""

    # The catalogue may say more about a dataset than is listed here.
    model_config = ConfigDict(extra="allow")

    name: str
    """Name, as in a document."""
    title: str
    """Title."""
    help: str
    """Description."""
    source: str
    """Origin of the data."""
    task: str
    """`classification` or `regression`."""
    input: str
    """Kind of input: `image` or `numbers`."""
    kind: str
    """Kind of a sample: `image`, `features`, `sequence` or `tokens`."""
    shape: tuple[int, ...]
    """Shape of one sample."""
    labels: tuple[str, ...] | None
    """Labels of a classification, in the order of the model's outputs."""
    feature_names: tuple[str, ...] | None
    """Names of the features of a table, with their units; of a sequence, those of a step."""
    vocabulary: tuple[str, ...] | None
    """Meaning of each token, from 0 on."""
    target_name: str | None
    """Name of the target of a regression."""
    train_samples: int
    """Number of training samples."""
    test_samples: int
    """Number of test samples."""
    is_local: bool
    """Whether the data is on the server; otherwise the first training downloads it."""


class DatasetList(ApiMessage):
    """All datasets."""

    datasets: tuple[DatasetMessage, ...]
    """Datasets."""


class DatasetSample(ApiMessage):
    """A test sample of a dataset."""

    target: str | float
    """Label, or target of a regression."""
    png: str | None = None
    """For an image: a PNG file in base64."""
    values: Any = None
    """Otherwise: the numbers, nested in the shape of a sample."""


class DatasetDetails(DatasetMessage):
    """A dataset with its options and some samples."""

    options: JsonSchema = Field(alias="schema")
    """JSON Schema of the dataset in a document, with defaults and descriptions."""
    samples: tuple[DatasetSample, ...]
    """Some test samples, of all labels."""


class ExampleMessage(ApiMessage):
    """A document to start from."""

    name: str
    """Name."""
    title: str
    """Title."""
    help: str
    """What it shows, in one sentence."""
    dataset: str
    """Name of its dataset."""
    text: str
    """The document, as formatted JSON."""


class ExampleList(ApiMessage):
    """Documents to start from."""

    examples: tuple[ExampleMessage, ...]
    """Documents, the ones to begin with first."""


class SampleList(ApiMessage):
    """Samples of a dataset, in columns: entry `i` of `ids`, `targets` and `values` is of the same sample."""

    name: str
    """Name of the dataset."""
    split: str
    """`train` or `test`."""
    kind: str
    """Kind of a sample: `image`, `features`, `sequence` or `tokens`."""
    shape: tuple[int, ...]
    """Shape of one sample."""
    labels: tuple[str, ...] | None
    """Labels of a classification."""
    total: int
    """Number of samples of this split."""
    matching: int
    """Number of samples that match the query, on all pages."""
    next: int | None
    """`offset` of the next page; null on the last page."""
    ids: tuple[int, ...]
    """Index of each sample in its split. The same options give the same samples in the same order."""
    targets: tuple[int | float, ...]
    """For a classification the index of the label; for a regression the target."""
    values: tuple[Any, ...] | None
    """The numbers of each sample, nested in its shape; null for pictures, which are in `sheet.png`."""
