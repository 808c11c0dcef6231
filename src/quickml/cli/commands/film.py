"""`quickml film`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from quickml.animation import Animation, Backdrop
from quickml.cli.display.formatting import size as size_text
from quickml.cli.display.output import note, say, say_json
from quickml.cli.document_file import read_plan
from quickml.datasets.catalog import RegisteredDatasets
from quickml.datasets.dataset import Dataset
from quickml.errors import DatasetError, DocumentError, FilmError, InputError, ResultError
from quickml.files import atomic
from quickml.film import Film
from quickml.results import DOCUMENT, FILM
from quickml.text import printable

GREYS, COLORS = 1, 3
"""Channels of pictures that are shown."""


def draw_film(
    source: Path,
    *,
    out: Path | None,
    strip: int | None,
    size: int,
    seconds: float,
    parts: Sequence[str],
    as_json: bool,
) -> None:
    """Write a film as a GIF or PNG.

    Raises:
        InputError: there is no film, it is damaged, or an option does not fit.
        ResultError: the file exists, or cannot be written.
    """
    path = source / FILM.name if source.is_dir() else source
    film = read_film(path)
    target = checked_target(
        out or path.with_name("film.png" if strip else "film.gif"), ".png" if strip else ".gif"
    )
    check_parts(film, parts)
    animation = Animation(film, width=size, parts=tuple(parts), backdrop=backdrop(film, path.parent))
    if animation.numbered:
        names = printable(", ".join(animation.numbered), 200)
        note(f"warning: the font of the picture has Latin letters only; it has the numbers of {names}")
    try:
        with atomic.new_file(target) as stream:
            count = (
                animation.write_strip(stream, count=strip)
                if strip
                else animation.write_gif(stream, seconds=seconds)
            )
    except OSError as error:
        raise ResultError(f"{target}: cannot be written ({error.strerror or error})") from error
    size_bytes = target.stat().st_size
    if as_json:
        say_json({"file": str(target), "frames": count, "size_bytes": size_bytes})
    else:
        say(f"{target}  {count} of {len(film.frames)} frames, {size_text(size_bytes)}")


def read_film(path: Path) -> Film:
    """Read a film. Raises `InputError`."""
    try:
        film = Film.read(path)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        hint = "a result of `quickml run` or of a download has one"
        raise InputError(f"{path}: expected the film of a training, found none ({reason}); {hint}") from None
    except FilmError as error:
        raise InputError(f"{path}: {error}") from None
    if not film.frames:
        raise InputError(f"{path}: expected a film with frames, found none in it")
    return film


def checked_target(path: Path, ending: str) -> Path:
    """The file to write. Raises `InputError` for another ending, and `ResultError` if there is one."""
    if path.suffix.lower() != ending:
        hint = "give --strip N for a .png" if path.suffix.lower() == ".png" else f"name it FILE{ending}"
        raise InputError(f"--out: expected a {ending} file, found {path.name!r}; {hint}")
    if path.exists() or path.is_symlink():
        raise ResultError(f"{path}: expected a new file, found one; remove it, or name another with --out")
    if not path.parent.is_dir():
        raise ResultError(f"{path.parent}: expected a folder for the file, found none")
    return path


def check_parts(film: Film, wanted: Sequence[str]) -> None:
    """Raises `InputError` for a part that the film does not have."""
    names = list(film.frames[0].parts)
    for name in wanted:
        if not any(part == name or part.startswith(name.rstrip("/") + "/") for part in names):
            raise InputError(f"--part: expected one of {', '.join(names)}, found {name!r}")


def backdrop(film: Film, folder: Path) -> Backdrop | None:
    """Samples of the dataset that the folder's document names, if they are on this machine."""
    try:
        reference = read_plan(folder / DOCUMENT.name).document.dataset
        if not isinstance(reference, Dataset) or not reference.is_local():
            return None
        data = RegisteredDatasets().load(reference)
    except (DocumentError, DatasetError):
        return None
    with suppress(KeyError, TypeError, ValueError, IndexError, OverflowError):  # any header is possible
        if "grid" in film.frames[0].parts:
            points = shares(data.x_test, film.header["grid"])
            return Backdrop(points=points, targets=data.y_test.reshape(len(data.y_test), -1)[:, 0])
        return Backdrop(picture=picture(data.x_test, film.header))
    return None


def shares(points: Any, plane: Any) -> Any:
    """(n, 2) points as shares of the sides of the plane, from its top left corner."""
    (left, right), (bottom, top) = (map(float, plane[axis]) for axis in ("x", "y"))
    if points.ndim != 2 or points.shape[1] != 2 or not (left < right and bottom < top):
        raise ValueError("no plane")
    return np.stack([(points[:, 0] - left) / (right - left), (top - points[:, 1]) / (top - bottom)], 1)


def picture(samples: Any, header: Mapping[str, Any]) -> Any:
    """(height, width, 3) the shown sample, if it is a picture; None otherwise."""
    if samples.dtype != np.uint8 or samples.ndim not in (3, 4):
        return None
    shown = samples[int(header["shown"])]
    shown = shown if shown.ndim == 3 else shown[..., None]
    return (
        np.repeat(shown, COLORS, axis=2)
        if shown.shape[2] == GREYS
        else shown
        if shown.shape[2] == COLORS
        else None
    )
