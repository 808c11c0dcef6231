"""Find out which files are pictures, of which class, and whether for training, validation or the test."""

from __future__ import annotations

import posixpath
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from quickml.errors import Notice, PicturesError
from quickml.pictures.sources import OTHERS, READ, PictureSource
from quickml.text import printable

MAX_PICTURES = 200_000
MAX_CLASSES = 1000
FEW = 10
"""Pictures of a class below which a notice is given."""
VALIDATION_FOLDERS = ("valid", "validation", "val")
TEST_FOLDERS = ("test", "testing", *VALIDATION_FOLDERS)
"""The first of these beside a training folder has the test pictures."""
TRAIN_FOLDERS = ("train", "training")

Part = Literal["train", "validation", "test"]


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
    pictures = [name for name in names if _suffix(name) in READ | OTHERS]
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
        found, empty, more = by_folder(source, pictures, [*source.folders], validates=True)
        notices += more
    if empty:
        hint = "add some, or remove the folder"
        raise PicturesError(source.file, "pictures in the folder of each class", "none", hint, entry=empty[0])
    split = {text: _split(text, separator) for _, text, _ in found}
    labels = labels_of(source, [label for some in split.values() for label in some])
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


def by_folder(
    source: PictureSource,
    names: Sequence[str],
    folders: Sequence[str],
    what: str = "pictures",
    *,
    validates: bool = False,
) -> tuple[list[tuple[str, str, Part]], list[str], list[Notice]]:
    """Names with label and part, folders without one of them, and notices.

    Args:
        source: where they are.
        names: of files.
        folders: all of them.
        what: what messages call the files.
        validates: whether a folder for the validation beside one for the test is used as such. Otherwise its
            files are learned from, too.

    Raises:
        PicturesError: none is in a folder.
    """
    root = _root([*names, *(f"{folder}/" for folder in folders)])
    parts, notices = _parts(source, root, names, what)
    if not validates:
        parts = {prefix: "train" if part == "validation" else part for prefix, part in parts.items()}
    notices += _others_too(parts, what)
    found: list[tuple[str, str, Part]] = []
    beside, classes = 0, set()
    for name in names:
        prefix, part = next(
            ((prefix, part) for prefix, part in parts.items() if name.startswith(prefix)), ("", None)
        )
        inner = name[len(prefix) :].split("/")
        if part is None or len(inner) < 2:
            beside += 1
            continue
        classes.add(prefix + inner[0])
        found.append((name, inner[0], part))
    if not found:
        is_archive = _suffix(source.file) == ".zip" and what == "pictures"
        how = "unpack the archive" if is_archive else f"put the {what}"
        hint = f"{how} of each class into a folder of its own, whose name is the class"
        raise PicturesError(source.file, "a folder for each class", f"{beside:,} {what} without one", hint)
    if beside:
        message = f"{what} beside the folders of the classes, which are passed over: {beside:,}"
        notices.append(Notice(pointer="/dataset/file", message=message))
    children = {
        prefix + folder[len(prefix) :].split("/")[0]
        for prefix in parts
        for folder in folders
        if folder.startswith(prefix)
    }
    return found, sorted(children - classes), notices


def _root(names: Sequence[str]) -> str:
    """The path of the folder that has those of the classes: folders with one folder only are left out."""
    root = ""
    while True:
        inner = [name[len(root) :] for name in names if name.startswith(root) and name != root]
        tops = {name.split("/")[0] for name in inner}
        if len(tops) != 1 or not any(name.count("/") > 1 for name in inner):
            return root
        root += f"{tops.pop()}/"


def _parts(
    source: PictureSource, root: str, names: Sequence[str], what: str
) -> tuple[dict[str, Part], list[Notice]]:
    """Which part the files below a path are for."""
    tops = {name[len(root) :].split("/")[0] for name in names if "/" in name[len(root) :]}
    named = {top.casefold(): top for top in tops}
    train = next((named[name] for name in TRAIN_FOLDERS if name in named), None)
    test = next((named[name] for name in TEST_FOLDERS if name in named), None)
    if train is None or test is None:
        return {root: "train"}, []
    if others := sorted(tops - {named.get(name) for name in TRAIN_FOLDERS + TEST_FOLDERS}):
        expected, hint = f"no {what} beside {train!r} and {test!r}", "move them into one of these"
        raise PicturesError(source.file, expected, "some", hint, entry=root + others[0])
    parts: dict[str, Part] = {f"{root}{top}/": _part(top, test) for top in sorted(tops)}
    message = f"the {what} in {printable(test, 40)!r} are for the test"
    return parts, [Notice(pointer="/dataset/file", message=message)]


def _part(top: str, test: str) -> Part:
    """What the files of a folder are for, if `test` has those for the test."""
    if top == test:
        return "test"
    return "validation" if top.casefold() in VALIDATION_FOLDERS else "train"


def _others_too(parts: Mapping[str, Part], what: str) -> Iterator[Notice]:
    """Folders besides those for training and for the test, and what their files are for."""
    named = {prefix.rstrip("/").rsplit("/")[-1]: part for prefix, part in parts.items()}
    meanings: dict[Part, str] = {
        "train": "learned from, too",
        "validation": "for the validation, and not learned from",
    }
    for part, meaning in meanings.items():
        names = [name for name, of in named.items() if of == part and name.casefold() in TEST_FOLDERS]
        if names:
            message = f"the {what} in {', '.join(map(repr, names))} are {meaning}"
            yield Notice(pointer="/dataset/file", message=message)


def labels_of(source: PictureSource, found: Sequence[str], what: str = "pictures") -> dict[str, str]:
    """The label of each name of a class: in one Unicode form, NFC.

    Raises:
        PicturesError: there are too few or too many, or two that look alike.
    """
    labels: dict[str, str] = {}
    folded: dict[str, str] = {}
    for name in sorted(set(found)):
        if not name.strip() or not name.isprintable():
            raise PicturesError(source.file, "printable names of classes", ascii(name), "rename it")
        label = unicodedata.normalize("NFC", name.strip())
        key = " ".join(label.casefold().split())
        if key in folded:
            other = folded[key]
            if unicodedata.normalize("NFC", other) == unicodedata.normalize("NFC", name):
                both, how = f"{other!a} and {name!a}", "their Unicode form"
            else:
                both, how = f"{other!r} and {name!r}", "case or blanks"
            hint = "give them the same name"
            raise PicturesError(source.file, f"classes that differ in more than {how}", both, hint)
        folded[key], labels[name] = name, label
    if len(labels) > MAX_CLASSES:
        raise PicturesError(source.file, f"at most {MAX_CLASSES:,} classes", f"{len(labels):,}")
    if len(labels) < 2:
        hint = f"put the {what} of each class into a folder of its own, whose name is the class"
        raise PicturesError(source.file, "two or more classes", f"one, {labels.popitem()[1]!r}", hint)
    return labels


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


def in_order(labels: set[str]) -> tuple[str, ...]:
    """By name; numbers by value."""
    if all(label.isascii() and label.isdigit() for label in labels):
        return tuple(sorted(labels, key=lambda label: (int(label), label)))
    return tuple(sorted(labels))


def _others(count: int, source: PictureSource) -> Iterator[Notice]:
    if count:
        suffixes = sorted({_suffix(name) or "no suffix" for name in source.names} - READ - OTHERS)
        listed = ", ".join(printable(suffix, 20) for suffix in suffixes[:6])
        message = f"files that are no pictures, which are passed over: {count:,} ({listed})"
        yield Notice(pointer="/dataset/file", message=message)


def _suffix(name: str) -> str:
    return posixpath.splitext(name)[1].lower()
