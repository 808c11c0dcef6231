"""Sort files by the folders that they are in: which class each is of, and whether it is for the test."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from quickml.errors import Notice
from quickml.sources.places import FileSource
from quickml.text import printable

MAX_CLASSES = 1000
VALIDATION_FOLDERS = ("valid", "validation", "val")
TEST_FOLDERS = ("test", "testing", *VALIDATION_FOLDERS)
"""The first of these beside a training folder has the test pictures."""
TRAIN_FOLDERS = ("train", "training")

Part = Literal["train", "validation", "test"]


def by_folder(
    source: FileSource, names: Sequence[str], folders: Sequence[str], what: str, *, validates: bool = False
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
        SourceError: none is in a folder.
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
        is_archive = source.file.lower().endswith(".zip") and what == "pictures"
        how = "unpack the archive" if is_archive else f"put the {what}"
        hint = f"{how} of each class into a folder of its own, whose name is the class"
        raise source.error(source.file, "a folder for each class", f"{beside:,} {what} without one", hint)
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
    source: FileSource, root: str, names: Sequence[str], what: str
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
        raise source.error(source.file, expected, "some", hint, entry=root + others[0])
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


def labels_of(source: FileSource, found: Sequence[str], what: str) -> dict[str, str]:
    """The label of each name of a class: in one Unicode form, NFC.

    Raises:
        SourceError: there are too few or too many, or two that look alike.
    """
    labels: dict[str, str] = {}
    folded: dict[str, str] = {}
    for name in sorted(set(found)):
        if not name.strip() or not name.isprintable():
            raise source.error(source.file, "printable names of classes", ascii(name), "rename it")
        label = unicodedata.normalize("NFC", name.strip())
        key = " ".join(label.casefold().split())
        if key in folded:
            other = folded[key]
            if unicodedata.normalize("NFC", other) == unicodedata.normalize("NFC", name):
                both, how = f"{other!a} and {name!a}", "their Unicode form"
            else:
                both, how = f"{other!r} and {name!r}", "case or blanks"
            hint = "give them the same name"
            raise source.error(source.file, f"classes that differ in more than {how}", both, hint)
        folded[key], labels[name] = name, label
    if len(labels) > MAX_CLASSES:
        raise source.error(source.file, f"at most {MAX_CLASSES:,} classes", f"{len(labels):,}")
    if len(labels) < 2:
        hint = f"put the {what} of each class into a folder of its own, whose name is the class"
        raise source.error(source.file, "two or more classes", f"one, {labels.popitem()[1]!r}", hint)
    return labels


def in_order(labels: set[str]) -> tuple[str, ...]:
    """By name; numbers by value."""
    if all(label.isascii() and label.isdigit() for label in labels):
        return tuple(sorted(labels, key=lambda label: (int(label), label)))
    return tuple(sorted(labels))
