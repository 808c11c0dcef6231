"""Find out which files are pictures, of which class, and whether for training, validation or the test."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from quickml.errors import Notice, PicturesError
from quickml.pictures.sources import PictureSource
from quickml.sources.classes import Part, by_folder, in_order, labels_of
from quickml.sources.formats import OTHER_PICTURES, PICTURES
from quickml.text import printable

MAX_PICTURES = 200_000
FEW = 10
"""Pictures of a class below which a notice is given."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureFile:
    """A picture of a class, or with any number of labels."""

    name: str
    labels: tuple[str, ...]
    part: Part


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The pictures of a source, sorted by class and name."""

    files: tuple[PictureFile, ...]
    labels: tuple[str, ...]
    has_test: bool
    """Whether the source says which pictures are for the test."""
    is_multi_label: bool = False
    """Whether a picture can have any number of labels."""
    notices: tuple[Notice, ...]

    @property
    def what(self) -> str:
        """What messages call what is told apart."""
        return "label" if self.is_multi_label else "class"

    def counts(self) -> dict[str, int]:
        """Pictures of each class, or with each label."""
        counts = labels_in(self.files)
        return {label: counts[label] for label in self.labels}


def labels_in(files: Iterable[PictureFile]) -> Counter[str]:
    """How many files have each label."""
    return Counter(label for file in files for label in file.labels)


def layout(source: PictureSource, separator: str | None = None) -> Layout:
    """The pictures of a source.

    Args:
        source: where they are.
        separator: the sign between the labels of a picture, if it can have several.

    Raises:
        PicturesError: there are no classes, or they are not what they should be.
    """
    names = source.names
    pictures = [name for name in names if _suffix(name) in PICTURES | OTHER_PICTURES]
    notices = list(_others(len(names) - len(pictures), source))
    if not pictures:
        hint = "name a folder, or a .zip file of it, that has a folder of pictures for each class"
        raise PicturesError(source.file, "pictures", f"none in {len(source.names):,} files", hint)
    if len(pictures) > MAX_PICTURES:
        raise PicturesError(source.file, f"at most {MAX_PICTURES:,} pictures", f"{len(pictures):,}")
    if separator is None and source.fault:
        raise source.fault
    if source.labels is not None:
        found: list[tuple[str, str, Part]] = [(name, source.labels[name], "train") for name in pictures]
        empty: list[str] = []
    elif separator is not None:
        hint = 'leave "separator" out, or name a .csv file with the columns path and target'
        raise PicturesError(source.file, "a list of pictures with their labels", "folders of pictures", hint)
    else:
        found, empty, more = by_folder(source, pictures, [*source.folders], "pictures", validates=True)
        notices += more
    if empty:
        hint = "add some, or remove the folder"
        raise PicturesError(source.file, "pictures in the folder of each class", "none", hint, entry=empty[0])
    split = {text: _split(text, separator) for _, text, _ in found}
    labels = labels_of(source, [label for some in split.values() for label in some], "pictures")
    files = [
        PictureFile(name=name, labels=tuple(labels[label] for label in split[text]), part=part)
        for name, text, part in found
    ]
    result = Layout(
        files=tuple(sorted(files, key=lambda file: (file.labels, file.name))),
        labels=in_order({*labels.values()}),
        has_test=any(file.part == "test" for file in files),
        is_multi_label=separator is not None,
        notices=tuple(notices),
    )
    _check_counts(source, result, separator)
    return result


def _split(text: str, separator: str | None) -> list[str]:
    """The labels in a text of a list: its class if there is no separator."""
    if separator is None:
        return [text]
    return sorted({part for one in text.split(separator) if (part := one.strip())})


def _check_counts(source: PictureSource, found: Layout, separator: str | None) -> None:
    parts = {part: labels_in(file for file in found.files if file.part == part) for part in ("train", "test")}
    if separator is not None:
        _check_labels(source, found, separator)
    if found.has_test:
        for label in found.labels:
            if not parts["train"][label]:
                hint = "add some, or remove the class from the test"
                raise PicturesError(
                    source.file, "pictures of each class to learn from", f"none of {label!r}", hint
                )
        return
    for label, count in parts["train"].items():
        if count < 2:
            expected = f"two or more pictures of each {found.what}"
            hint = "add some: one is held out for the test"
            if source.labels is not None and (sign := next((sign for sign in ";|," if sign in label), "")):
                hint = f'write "separator": "{sign}" if these are several labels'
            raise PicturesError(source.file, expected, f"one of {label!r}", hint)


def _check_labels(source: PictureSource, found: Layout, separator: str) -> None:
    if all(len(file.labels) < 2 for file in found.files):
        hint = 'write another "separator", or leave it out if each picture has one label'
        expected = f"{printable(separator, 5)!r} between the labels of pictures"
        raise PicturesError(source.file, expected, "one label at most for each", hint)
    for label, count in found.counts().items():
        if count == len(found.files):
            hint = "remove it: there is nothing to learn"
            raise PicturesError(
                source.file, "pictures without each label, too", f"none without {label!r}", hint
            )


def _others(count: int, source: PictureSource) -> Iterator[Notice]:
    if count:
        suffixes = sorted({_suffix(name) or "no suffix" for name in source.names} - PICTURES - OTHER_PICTURES)
        listed = ", ".join(printable(suffix, 20) for suffix in suffixes[:6])
        message = f"files that are no pictures, which are passed over: {count:,} ({listed})"
        yield Notice(pointer="/dataset/file", message=message)


def _suffix(name: str) -> str:
    return posixpath.splitext(name)[1].lower()
