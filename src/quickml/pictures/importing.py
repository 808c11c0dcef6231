"""Decode pictures and divide them, into a folder of the cache."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from quickml.datasets.files import PicturesReference
from quickml.datasets.mapped import give_back
from quickml.document.files import changed
from quickml.errors import PicturesError
from quickml.pictures.cache import PIXELS, describe, mapped
from quickml.pictures.decode import Decoding
from quickml.pictures.divide import Places, Sides, divide
from quickml.pictures.layout import Layout, PictureFile, labels_in
from quickml.pictures.notices import of_decoding
from quickml.pictures.problems import damaged, refused
from quickml.pictures.sources import PictureSource
from quickml.pictures.survey import Progress, Survey, summed
from quickml.pictures.targets import targets_of

_AT_ONCE = 512
"""Pictures that are copied at once."""


@dataclass(frozen=True, kw_only=True)
class PictureImport:
    """What is imported, and how."""

    source: PictureSource
    found: Layout
    looked: Survey | None
    """What is known of the files, if they were looked at before."""
    reference: PicturesReference
    """With everything written out."""
    progress: Progress

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of a picture."""
        height, width = self.reference.size or (0, 0)
        return height, width, self.reference.channels or 3

    @property
    def needed_bytes(self) -> int:
        """Room that is needed: while they are put in order, pixels are there twice."""
        return 2 * len(self.found.files) * math.prod(self.shape)

    def write(self, folder: Path) -> tuple[dict[str, Any], Survey]:
        """Write the pixels and what is known about them; return the latter, and what is known of the files.

        Raises:
            DocumentError: pictures are damaged, and that is refused, or have changed.
            PicturesError: too few are left.
            DatasetError: they cannot be decoded here.
        """
        if self.looked:
            self._refuse(self.looked.faults)
        all_, path = self.found.files, folder / "decoded.npy"
        pixels = mapped(path, (len(all_), *self.shape))
        places = self._places()
        decoding = Decoding(source=self.source, pixels=pixels, resize=self.reference.resize)
        known = decoding.run(all_, places, self.progress)
        looked = self._checked(summed(self.source, all_, known))
        digests = [one.digest for one in known]
        kept = [place for place, digest in enumerate(digests) if digest is not None]
        files = [all_[place] for place in kept]
        sides = self._divided(files, [digest for digest in digests if digest is not None])
        self._check(files, sides)
        order = sides.order
        _arrange(pixels, places[np.array(kept, np.intp)[order]], path, folder / PIXELS)
        del pixels
        skipped = len(all_) - len(files)
        about = {
            "train": len(sides.train) + len(sides.validation),
            "validation": len(sides.validation),
            "test": len(sides.test),
            "labels": [files[place].labels for place in order],
            "notices": [vars(one) for one in of_decoding(looked, sides, skipped, self.reference)],
        }
        describe(folder, about)
        return about, looked

    def _checked(self, found: Survey) -> Survey:
        """Check that the files are those that were looked at, or those of the document, and can be read."""
        before = self.looked.sums if self.looked else found.sums
        for name, sum_ in found.sums.items():
            if sum_ != before[name]:
                expected, other = "a file that stays as it is", "another content"
                raise refused(PicturesError(self.source.file, expected, other, entry=name))
        if self.reference.sha256 not in (None, found.sha256):
            raise changed(self.source.file, self.reference.sha256 or "", found.sha256)
        self._refuse(found.faults)
        return found

    def _divided(self, files: list[PictureFile], digests: Sequence[bytes]) -> Sides:
        return divide(
            files,
            digests,
            targets_of([file.labels for file in files], sorted(self.found.labels), self.found.is_multi_label),
            has_test=self.found.has_test,
            fraction=self.reference.test_fraction or 0,
            seed=self.reference.seed,
        )

    def _places(self) -> Places:
        """Where each picture will probably be in the end: if none is damaged, and none is there twice."""
        files, places = list(self.found.files), np.arange(len(self.found.files))
        if files:
            sides = self._divided(files, [b"%d" % place for place in places])
            places[sides.order] = np.arange(len(files))
        return places

    def _refuse(self, faults: dict[int, PicturesError]) -> None:
        if faults and self.reference.damaged == "refuse":
            raise damaged([faults[place] for place in sorted(faults)])

    def _check(self, files: list[PictureFile], sides: Sides) -> None:
        """Check that of each class something is left, to learn from and, if it is divided here, to test."""
        left, what = labels_in(files), self.found.what
        learned = labels_in(files[place] for place in sides.train)
        different = labels_in(files[place] for place in sides.first)
        for label in self.found.labels:
            expected, found = "", f"none of {label!r}"
            if not left[label]:
                expected = f"pictures of each {what} that can be read"
            elif not self.found.has_test and different[label] < 2:
                expected, found = f"two or more different pictures of each {what}", f"one of {label!r}"
            elif not learned[label]:
                expected = f"pictures of each {what} that are not in the test, too"
            if expected:
                hint = f"add others, or remove the {what}"
                raise PicturesError(self.source.file, expected, found, hint)
        if not len(sides.test):
            raise PicturesError(self.source.file, "pictures for the test", "none")


def _arrange(pixels: Any, order: Places, decoded: Path, path: Path) -> None:
    """Write pictures in another order, a few at a time; if it is theirs already, only rename their file."""
    if np.array_equal(order, np.arange(len(pixels))):
        pixels.flush()
        decoded.rename(path)
        return
    arranged = mapped(path, (len(order), *pixels.shape[1:]))
    for start in range(0, len(order), _AT_ONCE):
        arranged[start : start + _AT_ONCE] = pixels[order[start : start + _AT_ONCE]]
        give_back(arranged)
        give_back(pixels)
    arranged.flush()
    decoded.unlink()
