"""Prepare arrays for training: find out which is which, and check and convert their values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from quickml.arrays.inputs import Inputs, inputs
from quickml.arrays.problems import option
from quickml.arrays.roles import Roles, roles
from quickml.arrays.sources import ArraySource
from quickml.arrays.stored import MAX_MEMORY_BYTES
from quickml.arrays.targets import Targets, targets
from quickml.datasets.data import Data
from quickml.datasets.files import ArraysReference
from quickml.datasets.info import DatasetInfo
from quickml.datasets.mapped import is_mapped
from quickml.document.advice import told
from quickml.document.files import changed
from quickml.errors import Notice

TEST_FRACTION = 0.2
FEWEST = 4
"""Samples of a file without arrays for the test."""
MAX_SAMPLES = 20_000_000
_CALLED = {"image": "images", "features": "rows", "sequence": "sequences", "tokens": "rows of tokens"}


@dataclass(frozen=True, kw_only=True)
class PreparedArrays:
    """Arrays whose roles are known and whose values are checked."""

    info: DatasetInfo
    reference: ArraysReference
    """With everything written out."""
    notices: tuple[Notice, ...]
    inputs: Inputs
    targets: Targets

    def data(self) -> Data:
        """The samples. Those of arrays for the test of their own stay mapped into memory."""
        if len(self.inputs.parts) == 2:
            (x_train, x_test), (y_train, y_test) = self.inputs.parts, self.targets.parts
            return Data(x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
        from quickml.datasets.split import divided

        return divided(self.inputs.parts[0], self.targets.parts[0], self.info.sizes, self.reference.seed)


def prepare(source: ArraySource, reference: ArraysReference) -> PreparedArrays:
    """Prepare arrays as a document says.

    Raises:
        ArraysError: they cannot be learned from.
        DocumentError: an option does not fit them; pointers start with /dataset.
    """
    _check_digests(source, reference)
    found = roles(source.arrays, reference)
    names = ((found.inputs, found.targets), (found.test_inputs, found.test_targets))
    pairs = [(source.arrays[x], source.arrays[y]) for x, y in names if x is not None and y is not None]
    values = inputs([x for x, _ in pairs], reference.kind)
    counts = [len(part) for part in values.parts]
    if sum(counts) > MAX_SAMPLES:
        pairs[0][0].refuse(f"at most {MAX_SAMPLES:,} samples", f"{sum(counts):,}")
    aims = targets([y for _, y in pairs], counts, reference)
    if len(pairs) == 1 and values.parts[0].nbytes > MAX_MEMORY_BYTES:
        found_bytes = f"{values.parts[0].nbytes / 2**30:,.1f} GiB"
        hint = "save the samples for the test as arrays of their own, x_train and x_test"
        pairs[0][0].refuse(f"at most {MAX_MEMORY_BYTES >> 30} GiB to be divided", found_bytes, hint)
    sizes = _sizes(counts, reference, pairs[0][0].shape)
    info = _info(values, aims, reference, sizes)
    completed = _completed(source, reference, found, info)
    return PreparedArrays(
        info=info,
        reference=completed,
        notices=()
        if reference.is_complete  # all was told when it was found out
        else (
            *_of_files(source, reference),
            *found.notices(reference, source.arrays),
            *values.notices,
            *aims.notices,
            *_of_split(reference, found, sizes),
        ),
        inputs=values,
        targets=aims,
    )


def _check_digests(source: ArraySource, reference: ArraysReference) -> None:
    if reference.sha256 is not None and reference.sha256 != source.sha256:
        raise changed(source.file, reference.sha256, source.sha256)
    if reference.targets_file is not None and source.targets_file is None:
        advice = told('leave "targets_file" out')
        raise option("targets_file", "no file with labels, which are in the file itself", "one", advice)
    if reference.targets_sha256 not in (None, source.targets_sha256):
        pinned, found = str(reference.targets_sha256), str(source.targets_sha256)
        raise changed(source.targets_file or source.file, pinned, found, "/dataset/targets_sha256")


def _sizes(counts: list[int], reference: ArraysReference, shape: tuple[int, ...]) -> tuple[int, int]:
    """Numbers of samples for training and for the test."""
    if len(counts) == 2:
        return counts[0], counts[1]
    from quickml.datasets.dataset import Split

    if counts[0] < FEWEST:
        raise option("inputs", f"{FEWEST} or more samples", f"the shape {shape}", told("add some"))
    return Split.model_construct(
        name=reference.name, test_fraction=reference.test_fraction or TEST_FRACTION
    ).divided(counts[0])


def _info(values: Inputs, aims: Targets, reference: ArraysReference, sizes: tuple[int, int]) -> DatasetInfo:
    return DatasetInfo(
        name=reference.name,
        title=f"{sum(sizes):,} {_CALLED[values.kind]}",  # reports and models do not say what a file is called
        source="own data",
        task=aims.task,
        kind=values.kind,
        shape=values.shape,
        labels=aims.labels,
        target_names=aims.names,
        vocabulary=tuple(map(str, range(values.tokens))),
        sizes=sizes,
        # What is divided is copied.
        is_mapped=len(values.parts) == 2 and all(map(is_mapped, values.parts)),
        shows_samples=reference.in_report,
    )


def _completed(
    source: ArraySource, reference: ArraysReference, found: Roles, info: DatasetInfo
) -> ArraysReference:
    """The reference with everything written out that was found out."""
    return reference.model_copy(
        update={
            "sha256": source.sha256,
            "targets_file": source.targets_file,
            "targets_sha256": source.targets_sha256,
            "kind": info.kind,
            "task": info.task,
            "labels": info.labels or info.target_names or None,
            "inputs": found.inputs,
            "targets": found.targets,
            "test_inputs": found.test_inputs,
            "test_targets": found.test_targets,
            "test_fraction": None if found.has_test else reference.test_fraction or TEST_FRACTION,
        }
    )


def _of_files(source: ArraySource, reference: ArraysReference) -> Iterator[Notice]:
    if source.targets_file is not None and reference.targets_file is None:
        yield Notice(pointer="/dataset/targets_file", message="the labels are in the file beside it")


def _of_split(reference: ArraysReference, found: Roles, sizes: tuple[int, int]) -> Iterator[Notice]:
    if not found.has_test and reference.test_fraction is None:
        message = f"{sizes[1]:,} of {sum(sizes):,} samples are held out for the test"
        yield Notice(pointer="/dataset/test_fraction", message=message)
