"""Which array has the inputs, which the targets, and which are for the test: by their names."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from quickml.arrays.problems import option
from quickml.arrays.stored import StoredArray
from quickml.datasets.files import ArraysReference
from quickml.document.advice import leave_out, told, write
from quickml.errors import Notice
from quickml.text import printable

MOST_LISTED = 8
_INPUTS = frozenset(
    {
        "x", "xs", "image", "images", "img", "imgs", "data", "input", "inputs", "feature", "features",
        "samples",
    }
)  # fmt: skip
_TARGETS = frozenset({"y", "ys", "label", "labels", "target", "targets", "class", "classes"})
_TRAIN, _TEST = frozenset({"train", "training"}), frozenset({"test", "testing"})


@dataclass(frozen=True, kw_only=True)
class Roles:
    """Names of arrays."""

    inputs: str
    targets: str
    test_inputs: str | None
    test_targets: str | None

    @property
    def has_test(self) -> bool:
        """Whether there are arrays for the test."""
        return self.test_inputs is not None

    def notices(self, reference: ArraysReference, arrays: Mapping[str, StoredArray]) -> list[Notice]:
        """What was found out, and what is left out."""
        told: list[Notice] = []
        if reference.inputs is None or reference.targets is None:
            message = f"{self.inputs!r} has the inputs, {self.targets!r} the targets"
            told.append(Notice(pointer="/dataset/inputs", message=message))
        if self.has_test and reference.test_inputs is None:
            message = f"{self.test_inputs!r} and {self.test_targets!r} are for the test"
            told.append(Notice(pointer="/dataset/test_inputs", message=message))
        used = {self.inputs, self.targets, self.test_inputs, self.test_targets}
        if others := [name for name in arrays if name not in used]:
            told.append(Notice(pointer="/dataset/file", message=f"arrays that are left out: {names(others)}"))
        return told


def roles(arrays: Mapping[str, StoredArray], reference: ArraysReference) -> Roles:
    """The roles of arrays, as a document says and as their names do.

    Raises:
        DocumentError: one is missing, or could be one or another.
    """
    for key in ("inputs", "targets", "test_inputs", "test_targets"):
        name = getattr(reference, key)
        if name is not None and name not in arrays:
            raise _unknown(key, name, arrays)
    inputs = reference.inputs or _only("inputs", _INPUTS, arrays)
    targets = reference.targets or _only("targets", _TARGETS, arrays, but=inputs)
    test_inputs, test_targets = reference.test_inputs, reference.test_targets
    if (test_inputs is None) != (test_targets is None):
        missing, other = ("test_targets", "test_inputs") if test_inputs else ("test_inputs", "test_targets")
        advice = told(f'write "{missing}": "NAME", or leave {other!r} out')
        raise option(missing, "inputs and targets for the test", f"no {missing!r}", advice)
    if test_inputs is None and not reference.is_complete:
        test_inputs, test_targets = _tests(arrays)
    if test_inputs is not None and reference.test_fraction is not None:
        advice = leave_out("/dataset/test_fraction", "leave it out")
        raise option("test_fraction", "no fraction of arrays that have a test array", "one", advice)
    return Roles(inputs=inputs, targets=targets, test_inputs=test_inputs, test_targets=test_targets)


def _only(
    key: str, stems: frozenset[str], arrays: Mapping[str, StoredArray], *, but: str | None = None
) -> str:
    """The one array with such a name, of those for training if there are some."""
    found = [name for name in arrays if _stem(name) in stems and not _words(name) & _TEST]
    found = [name for name in found if _words(name) & _TRAIN] or [
        name for name in found if len(_words(name)) == 1
    ]
    if not found and sorted(arrays) == ["arr_0", "arr_1"]:  # np.savez("data.npz", x, y)
        found = ["arr_0"] if key == "inputs" else ["arr_1"]
    if len(found) != 1:
        free = [name for name in found or arrays if name != but]
        if not free:
            advice = told('save both: np.savez("data.npz", x=x, y=y)')
            raise option(key, f"an array with the {key}", f"none besides {but!r}", advice)
        listed = names(free)
        advice = told(f'write "{key}": "{printable(free[0], 40)}"{", or another one" if free[1:] else ""}')
        raise option(
            key, f"the name of the array with the {key}", f"several: {listed}" if found else listed, advice
        )
    return found[0]


def _tests(arrays: Mapping[str, StoredArray]) -> tuple[str | None, str | None]:
    tests = [name for name in arrays if _words(name) & _TEST]
    inputs = [name for name in tests if _stem(name) in _INPUTS]
    targets = [name for name in tests if _stem(name) in _TARGETS]
    return (inputs[0], targets[0]) if len(inputs) == len(targets) == 1 else (None, None)


def _words(name: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z]+|\d+", name.lower()))


def _stem(name: str) -> str:
    """The word that says what an array has; empty if there are others."""
    rest = _words(name) - _TRAIN - _TEST
    return next(iter(rest)) if len(rest) == 1 else ""


def _unknown(key: str, name: str, arrays: Mapping[str, StoredArray]) -> Exception:
    close = difflib.get_close_matches(name, list(arrays), n=1)
    advice = write(f"/dataset/{key}", close[0], f"did you mean {close[0]!r}?") if close else told("")
    return option(key, f"the name of an array ({names(list(arrays))})", repr(printable(name, 60)), advice)


def names(found: list[str]) -> str:
    """Names for a message: `'a', 'b' and 12 more`."""
    listed = ", ".join(repr(printable(name, 40)) for name in found[:MOST_LISTED])
    return listed if len(found) <= MOST_LISTED else f"{listed} and {len(found) - MOST_LISTED:,} more"
