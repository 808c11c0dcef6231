"""What is in pictures: classes, formats and sizes; and a document that learns from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quickml.api.profiles import PictureClass, PictureSize, PicturesProfile
from quickml.datasets.files import PicturesReference
from quickml.errors import DocumentError, Notice, Problem
from quickml.pictures.cache import PictureCache
from quickml.pictures.catalog import silent
from quickml.pictures.layout import layout
from quickml.pictures.prepare import PreparedPictures, prepare, told_of
from quickml.pictures.propose import document
from quickml.pictures.sources import PictureSource, opened
from quickml.pictures.survey import survey

MOST_SIZES = 5


@dataclass(frozen=True, kw_only=True)
class PictureProfile:
    """What is in a folder, an archive or a list of pictures, and a document that learns from it."""

    file: str
    sha256: str
    pictures: int
    has_test: bool
    """Whether there is a folder of pictures for the test."""
    classes: tuple[tuple[str, int], ...]
    """Classes, or labels of which a picture can have several, and their pictures."""
    channels: int
    """1 if all pictures are grey, otherwise 3."""
    formats: tuple[tuple[str, int], ...]
    """Formats and their pictures, the commonest first."""
    sizes: tuple[tuple[int, int, int], ...]
    """Height, width, and the pictures that have them, the commonest first."""
    different_sizes: int
    notices: tuple[Notice, ...]
    problems: tuple[Problem, ...]
    """Why there is no document."""
    document: dict[str, Any] | None
    prepared: PreparedPictures | None
    """The pictures as that document learns from them."""

    def message(self) -> PicturesProfile:
        """The profile as a message of the API."""
        return PicturesProfile(
            file=self.file,
            sha256=self.sha256,
            pictures=self.pictures,
            has_test=self.has_test,
            classes=tuple(PictureClass(label=label, pictures=count) for label, count in self.classes),
            channels=self.channels,
            formats=dict(self.formats),
            sizes=tuple(
                PictureSize(height=height, width=width, pictures=count) for height, width, count in self.sizes
            ),
            different_sizes=self.different_sizes,
            notices=self.notices,
            problems=self.problems,
            document=self.document,
        )


def profile(
    path: Path,
    file: str,
    progress: Callable[[str, int, int], None] = silent,
    options: Mapping[str, Any] | None = None,
) -> PictureProfile:
    """Look at pictures, decode them, and propose a document for them.

    Args:
        path: of the folder, the archive or the list.
        file: what the document calls it.
        progress: see `LocalPictures`.
        options: of the document.

    Raises:
        PicturesError: there are no pictures that can be learned from.
        DatasetError: the cache cannot be written.
    """
    with opened(path, file) as source:
        return profile_of(source, PictureCache(), progress, options)


def profile_of(
    source: PictureSource,
    cache: PictureCache,
    progress: Callable[[str, int, int], None],
    options: Mapping[str, Any] | None = None,
) -> PictureProfile:
    """As `profile`, of a source that is open, for a document with these options."""
    reference = PicturesReference(file=source.file, **(options or {}))
    found = layout(source, reference.separator)
    looked = survey(source, found.files, told_of(reference, progress))
    sizes = Counter((one.height, one.width) for one in looked.headers if one)
    prepared: PreparedPictures | None = None
    problems: tuple[Problem, ...] = ()
    try:
        prepared = prepare(source, reference, cache, progress, looked)
    except DocumentError as error:
        problems = error.problems
    return PictureProfile(
        file=source.file,
        sha256=looked.sha256,
        pictures=len(found.files),
        has_test=found.has_test,
        classes=tuple(found.counts().items()),
        channels=looked.channels,
        formats=tuple(looked.formats.items()),
        sizes=tuple((*size, count) for size, count in sizes.most_common(MOST_SIZES)),
        different_sizes=len(sizes),
        notices=prepared.notices if prepared else found.notices,
        problems=problems,
        document=document(prepared) if prepared else None,
        prepared=prepared,
    )
