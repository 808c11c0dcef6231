"""Notices about pictures: all that was found out and the document does not say."""

from __future__ import annotations

from collections.abc import Iterator

from quickml.datasets.files import PicturesReference
from quickml.errors import Notice
from quickml.pictures.divide import Sides
from quickml.pictures.layout import FEW, Layout
from quickml.pictures.survey import Survey
from quickml.text import printable

MOST_LISTED = 12


def of_layout(reference: PicturesReference, found: Layout) -> Iterator[Notice]:
    """Which classes there are, and what is passed over."""
    counts = found.counts()
    if reference.labels is None:
        what = "labels" if found.is_multi_label else "classes"
        yield Notice(pointer="/dataset/labels", message=f"{len(counts)} {what}: {listed(counts)}")
    yield from found.notices
    if bare := sum(not file.labels for file in found.files):
        message = f"pictures that have none of the labels: {bare:,}"
        yield Notice(pointer="/dataset/separator", message=message)
    few = {label: count for label, count in counts.items() if count < FEW}
    if few:
        message = f"fewer than {FEW} pictures each of {listed(few)}"
        yield Notice(pointer="/dataset/file", message=message)


def of_options(
    reference: PicturesReference, completed: PicturesReference, sizes: tuple[int, int]
) -> Iterator[Notice]:
    """What the document leaves out."""
    train, test = sizes
    height, width = completed.size or (0, 0)
    if reference.size is None:
        message = f"pictures are brought to {height} x {width} pixels; more show more, and take longer"
        yield Notice(pointer="/dataset/size", message=message)
    if reference.channels is None:
        message = "all pictures are grey" if completed.channels == 1 else "pictures have colours"
        yield Notice(pointer="/dataset/channels", message=message)
    if reference.test_fraction is None and completed.test_fraction is not None:
        message = f"{test:,} of {train + test:,} pictures are held out for the test"
        yield Notice(pointer="/dataset/test_fraction", message=message)


def of_decoding(looked: Survey, sides: Sides, skipped: int, completed: PicturesReference) -> Iterator[Notice]:
    """What was met in the files; neither their names nor their contents."""
    animated = sum(one.is_animated for one in looked.headers if one)
    height, width = completed.size or (1, 1)
    others = sum(
        abs(one.width * height - one.height * width) > 0.02 * one.height * width
        for one in looked.headers
        if one
    )
    where = "the test or the validation" if len(sides.validation) else "the test"
    differing = "with other labels" if completed.separator else "in another class"
    told = {
        "pictures that cannot be read, which are left out": skipped,
        "animated pictures, of which the first frame is taken": animated,
        "copies of other pictures, which are all for training or all for the test": sides.repeated,
        f"of these, copies {differing}": sides.ambiguous,
        f"pictures that are in {where}, too, which are not learned from": sides.removed,
    }
    yield from (
        Notice(pointer="/dataset/file", message=f"{what}: {count:,}") for what, count in told.items() if count
    )
    if others:
        how = {"crop": "cut off on both sides", "fit": "given black bars", "stretch": "stretched"}
        message = f"pictures of other proportions, which are {how[completed.resize]}: {others:,}"
        yield Notice(pointer="/dataset/resize", message=message)


def listed(counts: dict[str, int]) -> str:
    """`Apple (120), Kiwi (98) and 12 more`."""
    names = [f"{printable(label, 30)} ({count:,})" for label, count in counts.items()]
    more = f" and {len(names) - MOST_LISTED:,} more" if len(names) > MOST_LISTED else ""
    return ", ".join(names[:MOST_LISTED]) + more
