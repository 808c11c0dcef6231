"""References to data in files of the user: what a document says about them. Others read the files."""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from quickml.datasets.columns import MOST_VALUES
from quickml.datasets.dataset import Reference
from quickml.datasets.info import Kind
from quickml.datasets.registry import register
from quickml.fields import wrong_form


def _sha256(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(r"[0-9a-fA-F]{64}", value):
        return value.lower()
    raise PydanticCustomError("sha256", "a SHA-256 of 64 hexadecimal digits")


Sha256 = Annotated[
    str, BeforeValidator(_sha256), WithJsonSchema({"type": "string", "pattern": "^[0-9a-fA-F]{64}$"})
]
Path = Annotated[str, Field(min_length=1, max_length=1000)]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class FileReference(Reference):
    """A reference to a file of the user."""

    private = frozenset({"file", "sha256"})
    file: Path
    """What the file is called. On the command line: its path, relative to the document's folder."""
    sha256: Sha256 | None = None
    """SHA-256 of the file. Another content is refused."""
    in_report: bool = False
    """Whether the report and the film show what is in the data: samples of the test set, true values of a
    regression, what was found out about the file, and what it is called. Labels and names of columns, which
    the model has, are always shown."""


def _column(value: Any) -> Any:
    if value in ("number", "category", "ignore"):
        return value
    items = value if isinstance(value, list | tuple) else ()
    kinds = {type(item) for item in items}
    if 1 <= len(set(items)) == len(items) <= MOST_VALUES and kinds in ({str}, {int}) and "" not in items:
        return tuple(items)
    raise wrong_form("'number', 'category', 'ignore', or a list of the different values of a category")


def _columns(value: Any) -> Any:
    if not isinstance(value, dict):
        raise wrong_form("an object with the types of columns by their names")
    return value


def _labels(value: Any) -> Any:
    if not (isinstance(value, list | tuple) and all(isinstance(item, str) and item for item in value)):
        raise wrong_form("a list of texts")
    if not 2 <= len(set(value)) == len(value):
        raise wrong_form("two or more different labels")
    return tuple(value)


MOST_TARGETS = 100


def _target(value: Any) -> Any:
    names = value if isinstance(value, list | tuple) else [value]
    are_names = all(isinstance(name, str) and 1 <= len(name) <= 200 for name in names)
    if not (are_names and 1 <= len(set(names)) == len(names) <= MOST_TARGETS):
        raise wrong_form(f"the name of a column, or a list of up to {MOST_TARGETS} different ones")
    return names[0] if len(names) == 1 else tuple(names)


_NAME: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": 200}
TargetOption = Annotated[
    str | tuple[str, ...],
    BeforeValidator(_target),
    WithJsonSchema(
        {"anyOf": [_NAME, {"type": "array", "items": _NAME, "minItems": 1, "maxItems": MOST_TARGETS}]}
    ),
]


def _missing(value: Any) -> Any:
    if value in ("mean", "refuse") or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    raise wrong_form("'mean', 'refuse' or a number")


def _header(value: Any) -> Any:
    if isinstance(value, bool) or (isinstance(value, int) and 1 <= value <= 1000):
        return value
    raise wrong_form("true, false, or the number of the line with the names")


_VALUES = {"type": "array", "items": {"type": ["string", "integer"]}, "minItems": 1, "maxItems": MOST_VALUES}
ColumnOption = Annotated[
    Literal["number", "category", "ignore"] | tuple[str, ...] | tuple[int, ...],
    BeforeValidator(_column),
    WithJsonSchema({"anyOf": [{"enum": ["number", "category", "ignore"], "type": "string"}, _VALUES]}),
]


@register
class TableReference(FileReference):
    """A table of your own with a sample in each row: a CSV file, an Excel workbook (.xlsx), JSON lines or a
    Parquet file. Everything that is left out is found out."""

    private = frozenset(
        {
            "file", "sha256", "test_file", "test_sha256", "validation_file", "validation_sha256", "columns",
            "group", "order", "sheet",
        }
    )  # fmt: skip
    name: Literal["table"] = "table"
    target: TargetOption
    """The column that the model predicts, or a list of several."""
    task: Literal["classification", "regression", "multi_label"] | None = None
    """Default: texts, and at most 20 different whole numbers with 5 rows each, are classes; all else is a
    regression. Several targets of 0 and 1 (true and false, yes and no) are labels, of which a row can have
    any number (`multi_label`); other ones are a regression of several numbers."""
    separator: Annotated[str, Field(min_length=1, max_length=5)] | None = None
    """The sign between the labels of a row, if the target is one column of texts such as `sport;music`."""
    labels: Annotated[
        tuple[str, ...] | None, BeforeValidator(lambda value: value if value is None else _labels(value))
    ] = None
    """The classes, or with a `separator` the labels, in the order of the model's outputs. Default: all values
    of the target, sorted."""
    columns: Annotated[dict[str, ColumnOption], BeforeValidator(_columns)] = {}  # noqa: RUF012  # is copied
    """Types of columns by their names: `number`, `category` or `ignore`, or the values of a category.
    Default: numbers are numbers, texts of at most 100 different values are categories, others are ignored."""
    missing: Annotated[
        Literal["mean", "refuse"] | float,
        BeforeValidator(_missing),
        WithJsonSchema({"anyOf": [{"enum": ["mean", "refuse"], "type": "string"}, {"type": "number"}]}),
    ] = "mean"
    """What stands for a missing number: the mean of the training rows, or this number; `refuse`: no value may
    be missing."""
    delimiter: Literal[",", ";", "\t", "|"] | None = None
    """The sign between two fields."""
    decimal: Literal[".", ","] | None = None
    """The decimal sign of numbers."""
    encoding: Literal["utf-8", "utf-16", "cp1252"] | None = None
    """The encoding of the text."""
    header: Annotated[
        bool | int | None,
        BeforeValidator(lambda value: value if value is None else _header(value)),
        WithJsonSchema({"anyOf": [{"type": "boolean"}, {"type": "integer", "minimum": 1}]}),
    ] = None
    """Whether the first line has the names of the columns, or the number of the line that has them. Without
    names, columns are called `column 1`, `column 2`, and so on."""
    sheet: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    """The sheet of an Excel workbook. Default: the first visible one that has cells."""
    group: Name | None = None
    """A column whose equal values keep rows together: either all for training or all for the test. With
    `order`, the last rows of each group are for the test."""
    order: Name | None = None
    """A column with dates or numbers that tell when each row was: the last rows are for the test, and those
    before them for the `validation_fraction` of the training. It is no input, unless `columns` has it."""
    test_fraction: Annotated[float, Field(ge=0.05, le=0.5)] | None = None
    """Fraction of the rows that is held out for the test: stratified, with `order` the last ones. Default:
    0.2, without a `test_file`."""
    test_file: Path | None = None
    """A second file, with the rows for the test."""
    test_sha256: Sha256 | None = None
    """SHA-256 of the test file."""
    validation_file: Path | None = None
    """A file with rows that are evaluated after each epoch, and never learned from, instead of the
    `validation_fraction` of the training."""
    validation_sha256: Sha256 | None = None
    """SHA-256 of the validation file."""

    @property
    def targets(self) -> tuple[str, ...]:
        """All columns that the model predicts."""
        return (self.target,) if isinstance(self.target, str) else self.target

    @property
    def files(self) -> dict[str, tuple[str, str | None]]:
        """All files with their SHA-256, by the beginning of the names of their options: ``, `test_` or
        `validation_`."""
        named = {"": self.file, "test_": self.test_file, "validation_": self.validation_file}
        return {
            prefix: (file, getattr(self, f"{prefix}sha256"))
            for prefix, file in named.items()
            if file is not None
        }

    def is_complete(self, *, is_text: bool) -> bool:
        """Whether nothing is left to be found out: the file is pinned, and all was written out.

        Args:
            is_text: whether the file is a CSV file.
        """
        found = (self.sha256, self.task, self.decimal)
        of_text = (self.delimiter, self.encoding, self.header) if is_text else ()
        return None not in (*found, *of_text) and bool(self.columns)


def _size(value: Any) -> Any:
    sides = value if isinstance(value, list | tuple) else ()
    if len(sides) == 2 and all(type(side) is int and 8 <= side <= 1024 for side in sides):
        return tuple(sides)
    raise wrong_form("[height, width], each from 8 to 1024")


@register
class PicturesReference(FileReference):
    """Pictures of your own: a folder that has a folder for each class, a .zip file of it, or a .csv file with
    the columns `path` and `target` beside the pictures, which can have several labels. A `test` folder beside
    a `train` folder has the pictures for the test, and a `validation` folder beside both those for the
    validation. What is left out is found out."""

    name: Literal["pictures"] = "pictures"
    size: Annotated[
        tuple[int, int] | None,
        BeforeValidator(lambda value: value if value is None else _size(value)),
        WithJsonSchema(
            {
                "type": "array",
                "items": {"type": "integer", "minimum": 8, "maximum": 1024},
                "minItems": 2,
                "maxItems": 2,
            }
        ),
    ] = None
    """[height, width] to which all pictures are brought. Default: that of the pictures if all have the same,
    of at most 128 pixels; otherwise [96, 96]."""
    channels: Literal[1, 3] | None = None
    """1 for grey, 3 for colours. Default: 1 if all pictures are grey."""
    resize: Literal["crop", "fit", "stretch"] = "crop"
    """What is done with other proportions: `crop` cuts off what is too long, on both sides (centerCrop of
    Vision), `fit` puts black bars beside what is too short (scaleFit), `stretch` changes them (scaleFill)."""
    separator: Annotated[str, Field(min_length=1, max_length=5)] | None = None
    """The sign between the labels of a picture in a .csv file, such as `;` in `cat;dog`: a picture can have
    any number of them, or none."""
    labels: Annotated[
        tuple[str, ...] | None, BeforeValidator(lambda value: value if value is None else _labels(value))
    ] = None
    """The classes, or with a `separator` the labels, in the order of the model's outputs. Default: all,
    sorted."""
    damaged: Literal["refuse", "skip"] = "refuse"
    """Whether pictures that cannot be read are errors, or left out."""
    test_fraction: Annotated[float, Field(ge=0.05, le=0.5)] | None = None
    """Fraction of the pictures that is held out for the test, stratified; copies of a picture are on one
    side. Default: 0.2, without a `test` folder."""

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to be found out: the file is pinned, and all was written out."""
        return None not in (self.sha256, self.size, self.channels, self.labels)


@register
class ArraysReference(FileReference):
    """Arrays of your own: an .npz file of NumPy, or IDX files as MNIST has them. The first axis counts the
    samples. What is left out is found out, or asked for where it could be one thing or another."""

    private = frozenset(
        {
            "file",
            "sha256",
            "targets_file",
            "targets_sha256",
            "inputs",
            "targets",
            "test_inputs",
            "test_targets",
        }
    )
    name: Literal["arrays"] = "arrays"
    kind: Kind | None = None
    """A sample is an `image` (height, width) or (height, width, channels) of pixels 0 to 255, `features`
    (n,), a `sequence` (steps, n), or `tokens` (steps,), integers from 0. Default: what it can only be."""
    task: Literal["classification", "regression", "multi_label"] | None = None
    """Default: texts, rows with one 1, whole numbers from 0 or 1 on, and at most 20 others, with 5 samples
    each, are classes; rows of 0 and 1 are labels of which a sample can have several; else a regression."""
    labels: Annotated[
        tuple[str, ...] | None, BeforeValidator(lambda value: value if value is None else _labels(value))
    ] = None
    """The names of the classes: of 0, of 1, and so on; of texts, the order; of rows of several targets, the
    names of their columns. Default: the values, sorted."""
    inputs: Name | None = None
    """The array with the inputs. Default: the one that is called `x_train`, `x`, `images` or the like."""
    targets: Name | None = None
    """The array with the targets: of each sample a class, a number, or a row of several."""
    test_inputs: Name | None = None
    """The array with the inputs for the test. Default: `x_test` or the like, if there is one."""
    test_targets: Name | None = None
    """The array with the targets for the test."""
    targets_file: Path | None = None
    """The file with the labels, if `file` is an IDX file. Default: the one beside it that is called alike."""
    targets_sha256: Sha256 | None = None
    """SHA-256 of this file."""
    test_fraction: Annotated[float, Field(ge=0.05, le=0.5)] | None = None
    """Fraction of the samples that is held out for the test, stratified. Default: 0.2 without test arrays."""

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to be found out: the file is pinned, and all was written out."""
        return None not in (self.sha256, self.kind, self.task, self.inputs, self.targets)


def _sensor(value: Any) -> Any:
    if value in ("number", "ignore"):
        return value
    raise wrong_form("'number' or 'ignore'")


SensorOption = Annotated[
    Literal["number", "ignore"],
    BeforeValidator(_sensor),
    WithJsonSchema({"enum": ["number", "ignore"], "type": "string"}),
]


@register
class RecordingsReference(FileReference):
    """Recordings of sensors: a .csv file with a row for each step; or a folder, or a .zip file of it, with a
    folder for each label and a .csv file for each recording. A model takes windows of some steps. What is
    left out is found out."""

    private = frozenset({"file", "sha256", "session", "time", "columns"})
    name: Literal["recordings"] = "recordings"
    target: Name | None = None
    """The column with the class of each row, or with the number to predict. Default: the name of the
    folder."""
    ahead: Annotated[int, Field(ge=0, le=100_000)] | None = None
    """For a target that is a number: how many steps after the window it is predicted; 0 is the last step of
    the window. If it is not 0, the end of each recording is held out for the test."""
    labels: Annotated[
        tuple[str, ...] | None, BeforeValidator(lambda value: value if value is None else _labels(value))
    ] = None
    """The classes, in the order of the model's outputs. Default: all, sorted."""
    session: Name | None = None
    """Column of a single file: rows with the same value are one recording. Default: found out by its name;
    otherwise a new recording begins where the time goes back."""
    time: Name | None = None
    """Column with the time of each row: a number, or a date and time. Default: found out by its name."""
    gap: Annotated[float, Field(gt=0)] | None = None
    """Longest time between two rows of a window, in the unit of `time`; seconds for dates. Default: 1.5 times
    the usual one."""
    columns: Annotated[dict[str, SensorOption], BeforeValidator(_columns)] = {}  # noqa: RUF012  # is copied
    """Columns by their names: `number` for a sensor, or `ignore`. Default: all columns of numbers."""
    steps: Annotated[int, Field(ge=2, le=10_000)] | None = None
    """Steps of a window. Default: two seconds of up to 200 steps, or else 50."""
    stride: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Steps from the beginning of a window to that of the next one. Default: half of `steps`; 1 for numbers
    ahead."""
    delimiter: Literal[",", ";", "\t", "|"] | None = None
    """The sign between two fields."""
    decimal: Literal[".", ","] | None = None
    """The decimal sign of numbers."""
    encoding: Literal["utf-8", "utf-16", "cp1252"] | None = None
    """The encoding of the text."""
    header: Annotated[
        bool | int | None,
        BeforeValidator(lambda value: value if value is None else _header(value)),
        WithJsonSchema({"anyOf": [{"type": "boolean"}, {"type": "integer", "minimum": 1}]}),
    ] = None
    """Whether the first line has the names of the columns, or the number of the line that has them."""
    test_fraction: Annotated[float, Field(ge=0.05, le=0.5)] | None = None
    """Fraction of the windows that is held out for the test, in whole recordings where a class has several.
    Default: 0.2, without a `test` folder."""

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to be found out: the file is pinned, and all was written out."""
        return None not in (self.sha256, self.steps, self.stride) and bool(self.columns)


FROM_FILES: tuple[type[FileReference], ...] = (
    TableReference,
    PicturesReference,
    ArraysReference,
    RecordingsReference,
)
"""All references to files."""


def pins_of(reference: Reference) -> tuple[str, ...]:
    """The SHA-256 of each file of a dataset."""
    names = [name for name in type(reference).model_fields if name == "sha256" or name.endswith("_sha256")]
    found = (getattr(reference, name) for name in names) if isinstance(reference, FileReference) else ()
    return tuple(sha256 for sha256 in found if sha256)
