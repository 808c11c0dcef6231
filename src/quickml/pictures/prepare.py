"""Prepare pictures for training: look at them, decode them into the cache, and divide them."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from quickml.datasets.data import Data
from quickml.datasets.files import PicturesReference
from quickml.datasets.info import DatasetInfo
from quickml.document.advice import leave_out, told, write
from quickml.document.files import changed
from quickml.errors import DatasetError, Notice
from quickml.pictures.cache import PictureCache
from quickml.pictures.importing import PictureImport
from quickml.pictures.layout import Layout, layout
from quickml.pictures.notices import of_layout, of_options
from quickml.pictures.problems import option
from quickml.pictures.sources import PictureSource
from quickml.pictures.survey import Progress, Survey, certain, survey
from quickml.pictures.targets import targets_of

TEST_FRACTION = 0.2
VERSION = 3
"""Changes when other pixels or sides would come of the same pictures."""


_Imported = tuple[PicturesReference, dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class PreparedPictures:
    """Pictures that are decoded and divided."""

    info: DatasetInfo
    reference: PicturesReference
    """With everything written out."""
    notices: tuple[Notice, ...]
    pixels: Path
    """uint8 (pictures, height, width, channels): those for training, for the validation, for the test."""
    labels: tuple[tuple[str, ...], ...]
    """Of each picture."""

    def data(self) -> Data:
        """The arrays; pixels are mapped into memory, not read.

        Raises:
            DatasetError: the file with the pixels is gone.
        """
        try:
            pixels = np.load(self.pixels, mmap_mode="r")
        except (OSError, ValueError):
            raise DatasetError("pictures: expected decoded pictures in the cache, found none") from None
        info, train = self.info, self.info.sizes[0]
        y = targets_of(self.labels, info.labels or info.target_names, info.is_multi_label)
        return Data(x_train=pixels[:train], y_train=y[:train], x_test=pixels[train:], y_test=y[train:])


def prepare(
    source: PictureSource,
    reference: PicturesReference,
    cache: PictureCache,
    progress: Progress,
    looked: Survey | None = None,
) -> PreparedPictures:
    """Prepare pictures as a document says; `looked` is what is known of the files already.

    Raises:
        DocumentError: options do not fit, or pictures cannot be read; pointers start with /dataset.
        PicturesError: the source cannot be learned from.
        DatasetError: the cache cannot be written.
    """
    found, progress = layout(source, reference.separator), told_of(reference, progress)
    _check_options(reference, found)
    stamp = source.stamp()
    known = cache.seen(stamp[0])
    if known is not None and known["sha256"] == (reference.sha256 or known["sha256"]):
        completed = _completed(reference, found, known)
        key = _key(completed)
        if about := cache.about(key):
            return _prepared(reference, completed, found, about, cache.pixels(key))
    run = PictureImport(source=source, found=found, looked=looked, reference=reference, progress=progress)
    likely = None if looked else _likely(run)
    if likely is None or (reference.sha256 is not None and cache.about(_key(likely)) is not None):
        completed, about = _in_two_passes(run, cache, stamp)
    else:
        completed, about = _in_one_pass(replace(run, reference=likely), cache, stamp)
    return _prepared(reference, completed, found, about, cache.pixels(_key(completed)))


def _likely(run: PictureImport) -> PicturesReference | None:
    """The reference with all but perhaps the digest, if it needs a look at a few pictures only."""
    size: tuple[int, int] | None = run.reference.size
    channels: int | None = run.reference.channels
    if size is None or channels is None:
        of_few = certain(run.source, run.found.files)
        size, channels = size or of_few[0], channels or of_few[1]
    if size is None or channels is None:
        return None
    known = {"sha256": run.reference.sha256, "size": size, "channels": channels}
    return _completed(run.reference, run.found, known)


def _in_two_passes(run: PictureImport, cache: PictureCache, stamp: tuple[str, int]) -> _Imported:
    """Look at all files; decode them if the cache does not have them."""
    looked = run.looked or survey(run.source, run.found.files, run.progress)
    completed = _remembered(run, looked, cache, stamp)
    if run.reference.sha256 not in (None, looked.sha256):
        raise changed(run.source.file, run.reference.sha256 or "", looked.sha256)
    key = _key(completed)
    about = cache.about(key)
    if about is None:
        run = replace(run, looked=looked, reference=completed)
        _check_room(run, cache)
        with cache.new(key, run.needed_bytes) as folder:
            about, _ = run.write(folder)
    return completed, about


def _in_one_pass(run: PictureImport, cache: PictureCache, stamp: tuple[str, int]) -> _Imported:
    """Decode all files. Only then, what they are called in the cache is known."""
    _check_room(run, cache)
    for_now = secrets.token_hex(20)
    with cache.new(for_now, run.needed_bytes) as folder:
        about, looked = run.write(folder)
    completed = _remembered(run, looked, cache, stamp)
    cache.rename(for_now, _key(completed))
    return completed, about


def _remembered(
    run: PictureImport, looked: Survey, cache: PictureCache, stamp: tuple[str, int]
) -> PicturesReference:
    """Keep what was found out about a source; return the reference with it."""
    known = {"sha256": looked.sha256, "size": looked.size, "channels": looked.channels}
    cache.remember(stamp[0], known, stamp[1])
    return _completed(run.reference, run.found, known)


def told_of(reference: PicturesReference, progress: Progress) -> Progress:
    """The progress, which is not told of damaged pictures where they are left out."""
    if reference.damaged == "refuse":
        return progress

    def without_faults(what: str, done: int, total: int) -> None:
        progress(what, done, total)

    return without_faults


def _check_options(reference: PicturesReference, found: Layout) -> None:
    if reference.labels is not None and set(reference.labels) != set(found.labels):
        what = "labels" if found.is_multi_label else "classes"
        expected = f"the {what} of the pictures, {list(found.labels)}, in any order"
        advice = write("/dataset/labels", list(found.labels))
        raise option("/dataset/labels", expected, f"{list(reference.labels)}", advice)
    if reference.test_fraction is not None and found.has_test:
        pointer = "/dataset/test_fraction"
        advice = leave_out(pointer, "leave it out")
        raise option(pointer, "no fraction of pictures that have a test folder", "one", advice)


def _check_room(run: PictureImport, cache: PictureCache) -> None:
    if cache.most_bytes is not None and run.needed_bytes > cache.most_bytes:
        expected = f"pictures that take at most {cache.most_bytes / 2**20:,.1f} MiB when they are decoded"
        found = f"{run.needed_bytes / 2**20:,.1f} MiB in this size"
        raise option("/dataset/size", expected, found, told("write a smaller size, or send fewer pictures"))


def _completed(reference: PicturesReference, found: Layout, known: Mapping[str, Any]) -> PicturesReference:
    """The reference with everything written out that was found out."""
    return reference.model_copy(
        update={
            "sha256": known["sha256"],
            "size": reference.size or tuple(known["size"]),
            "channels": reference.channels or known["channels"],
            "labels": reference.labels or found.labels,
            "test_fraction": None if found.has_test else reference.test_fraction or TEST_FRACTION,
        }
    )


def _key(completed: PicturesReference) -> str:
    """What the pixels and sides depend on, as a name."""
    options = ("sha256", "size", "channels", "resize", "damaged", "separator", "test_fraction", "seed")
    values = [VERSION, *(getattr(completed, name) for name in options)]
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:40]


def _prepared(
    reference: PicturesReference,
    completed: PicturesReference,
    found: Layout,
    about: Mapping[str, Any],
    pixels: Path,
) -> PreparedPictures:
    labels = completed.labels or found.labels
    sizes = (about["train"], about["test"])
    height, width = completed.size or (0, 0)
    info = DatasetInfo(
        name=reference.name,
        title=f"{sum(sizes):,} pictures",  # reports and models do not say what a file is called
        source="own data",
        kind="image",
        shape=(height, width, completed.channels or 3),
        task="multi_label" if found.is_multi_label else "classification",
        labels=() if found.is_multi_label else labels,
        target_names=labels if found.is_multi_label else (),
        sizes=sizes,
        validation=about["validation"],
        is_mapped=True,
        shows_samples=reference.in_report,
    )
    return PreparedPictures(
        info=info,
        reference=completed,
        notices=() if reference.is_complete else tuple(_notices(reference, completed, found, about)),
        pixels=pixels,
        labels=tuple(map(tuple, about["labels"])),
    )


def _notices(
    reference: PicturesReference, completed: PicturesReference, found: Layout, about: Mapping[str, Any]
) -> Iterator[Notice]:
    yield from of_layout(reference, found)
    yield from of_options(reference, completed, (about["train"], about["test"]))
    for notice in [Notice(**values) for values in about["notices"]]:
        if notice.pointer != "/dataset/resize" or "resize" not in reference.model_fields_set:
            yield notice
