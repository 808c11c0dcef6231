"""The registry of datasets: built in, registered by a program, or installed with another package.

Other packages declare their dataset classes as entry points of the group `quickml.datasets`:

    [project.entry-points."quickml.datasets"]
    shapes = "my_package.shapes:Shapes"

The entry point's name is the dataset's name. Entry points are searched only for names that are not built in,
and loaded when a document uses them, so that they do not slow down other documents.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import TypeVar

from quickml.datasets.dataset import Dataset, Reference
from quickml.errors import DatasetError
from quickml.plugins import installed, load

GROUP = "quickml.datasets"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_log = logging.getLogger(__name__)

_classes: dict[str, type[Reference]] = {}

R = TypeVar("R", bound=Reference)


def register(kind: type[R]) -> type[R]:
    """Class decorator that adds a dataset to the registry under its name.

    Raises:
        DatasetError: the name is missing, malformed, or used by another class.
    """
    field = kind.model_fields["name"]
    name = field.default
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        expected = 'name: Literal["..."] = "..." of lower case letters, digits and "_"'
        raise DatasetError(f"{kind.__qualname__}: expected {expected}, found {name!r}")
    known = _classes.get(name)
    if known and (known.__module__, known.__qualname__) != (kind.__module__, kind.__qualname__):
        raise DatasetError(
            f"{kind.__qualname__}: expected a unique name, found {name!r}; another dataset has it"
        )
    _classes[name] = kind
    return kind


def registered() -> Mapping[str, type[Reference]]:
    """All classes registered so far by name, in the order of registration."""
    return _classes


def find(name: str) -> type[Reference] | None:
    """The class of the dataset with this name, or None.

    Raises:
        DatasetError: the entry point with this name cannot be loaded.
    """
    if name not in _classes and name in installed(GROUP):
        _load(name)
    return _classes.get(name)


def names() -> list[str]:
    """All valid names. Does not load entry points."""
    return list(dict.fromkeys((*_classes, *installed(GROUP))))


def references() -> list[type[Reference]]:
    """All classes, built-in ones first. Entry points that cannot be loaded are logged and skipped."""
    for name in names():
        try:
            find(name)
        except DatasetError as error:
            _log.warning("%s", error)
    return list(_classes.values())


def datasets() -> list[type[Dataset]]:
    """All classes that describe and load their own data."""
    return [kind for kind in references() if issubclass(kind, Dataset)]


def _load(name: str) -> None:
    point = installed(GROUP)[name]
    try:
        kind = load(point)
    except Exception as error:  # importing another package may raise anything
        reason = f"{type(error).__name__}: {error}"
        raise DatasetError(f"{name}: the entry point {point.value} cannot be loaded: {reason}") from error
    if not (isinstance(kind, type) and issubclass(kind, Reference)):
        raise DatasetError(f"{name}: expected the entry point {point.value} to be a Dataset, found {kind!r}")
    if kind.model_fields["name"].default != name:
        found = kind.model_fields["name"].default
        raise DatasetError(f"{name}: expected {point.value} to have this name, found {found!r}")
    register(kind)
