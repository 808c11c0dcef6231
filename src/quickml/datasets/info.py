"""The description of a dataset, as plain data for planning, training, export and reports."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from quickml.datasets.columns import Column, feature_names, inconsistency, width
from quickml.fields import DocumentModel, Size

Task = Literal["classification", "regression", "multi_label"]
Kind = Literal["image", "features", "sequence", "tokens"]

_RANKS: dict[Kind, tuple[int, ...]] = {"image": (2, 3), "features": (1,), "sequence": (2,), "tokens": (1,)}


class DatasetInfo(DocumentModel):
    """Describes a dataset with given options. To and from JSON: `model_dump_json`, `model_validate_json`."""

    name: str
    title: str
    source: str
    """Attribution: the author of the data, and its license if there is one."""
    task: Task = "classification"
    kind: Kind = "features"
    """Type of an input, and the input's name in an app: an image of raw pixels 0..255, a row of features, a
    sequence of such rows, or tokens, which are integers from 0 that stand for words or characters."""
    shape: Annotated[tuple[Size, ...], Field(min_length=1, max_length=3)]
    """Shape of an input: (height, width, channels) for images, or (height, width) for images as sequences of
    rows; (n,) for n features, (steps, n) for sequences, (steps,) for tokens."""
    labels: tuple[str, ...] = ()
    """Class labels in the order of the model's outputs; empty for other tasks than a classification."""
    feature_names: tuple[str, ...] = ()
    """Names of the features in order; for a sequence, of the features of a step."""
    columns: tuple[Column, ...] = ()
    """Columns whose raw values an app passes by name. The samples of a table are encoded rows; see
    `encoding`. Of a sequence, each column is an array of one number per step."""
    rate: str = ""
    """How often a step of a sequence is recorded, such as `50 per second`; empty if that is not known."""
    vocabulary: tuple[str, ...] = ()
    """Meaning of each token, from 0 on."""
    target_name: str = ""
    """Name of a regression's target, with its unit."""
    target_names: tuple[str, ...] = ()
    """Names of several targets, in the order of the model's outputs: the numbers of a regression, or the
    labels of a sample that can have any number of them (`multi_label`), whose outputs are probabilities."""
    sizes: tuple[Size, Size]
    """Number of training samples, with those for validation, and of test samples."""
    validation: Annotated[int, Field(ge=0)] = 0
    """Number of training samples, the last ones, that are for validation only."""
    is_ordered: bool = False
    """Whether the training samples are in the order of time: a fraction for validation is taken from the
    end."""
    is_mapped: bool = False
    """Whether the inputs are mapped from a file, so that they take no memory of their own."""
    shows_samples: bool = True
    """Whether reports and films show what is in the data, such as test samples. Data of the user appears only
    when asked for."""

    @property
    def is_image(self) -> bool:
        """Whether inputs are images of raw pixels 0..255."""
        return self.kind == "image"

    @property
    def outputs(self) -> int:
        """Number of outputs of a model."""
        return len(self.labels) or len(self.target_names) or 1

    @property
    def is_multi_label(self) -> bool:
        """Whether a sample can have any number of labels."""
        return self.task == "multi_label"

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if problem := _inconsistency(self):
            raise ValueError(problem)
        return self


def _inconsistency(info: DatasetInfo) -> str:
    labels = len(set(info.labels))
    if info.task == "classification" and (labels < 2 or labels < len(info.labels)):
        return f"labels: expected two or more different ones, found {list(info.labels)}"
    if info.task != "classification" and info.labels:
        return f"labels: expected none of a {info.task}, found {list(info.labels)}"
    names = len(set(info.target_names))
    if names < len(info.target_names) or names == 1 or (info.is_multi_label and not names):
        return f"target_names: expected two or more different ones, found {list(info.target_names)}"
    if info.target_names and info.task == "classification":
        return "target_names: expected none of a classification"
    if len(info.shape) not in _RANKS[info.kind]:
        sizes = " or ".join(map(str, _RANKS[info.kind]))
        return f"shape: expected {sizes} sizes for {info.kind}, found {info.shape}"
    if info.feature_names and len(info.feature_names) != info.shape[-1]:
        return f"feature_names: expected {info.shape[-1]}, found {len(info.feature_names)}"
    if info.validation >= info.sizes[0]:
        return (
            f"validation: expected fewer than the {info.sizes[0]} training samples, found {info.validation}"
        )
    if info.columns and (problem := _wrong_columns(info)):
        return problem
    if info.kind == "tokens" and not info.vocabulary:
        return "vocabulary: expected the meaning of each token, found none"
    return ""


def _wrong_columns(info: DatasetInfo) -> str:
    if problem := inconsistency(info.columns):
        return problem
    if info.kind not in ("features", "sequence"):
        return f"columns: expected none of {info.kind}"
    if info.kind == "sequence" and any(column.is_category for column in info.columns):
        return "columns: expected numbers in a sequence, found a category"
    if info.shape[-1] != width(info.columns):
        return f"shape: expected {width(info.columns)}, the places of all columns, at the end of {info.shape}"
    if info.feature_names != feature_names(info.columns):
        return f"feature_names: expected those of the columns, found {info.feature_names}"
    return ""
