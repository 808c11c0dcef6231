"""A film as an animated GIF, or as a strip of moments in one PNG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO

import numpy as np
from PIL import Image

from quickml.animation.canvas import Box, Canvas
from quickml.animation.colors import GREY, palette
from quickml.animation.curve import Curve
from quickml.animation.panels import CAPTION, GAP, SMALLEST, Section, Unmoved, largest_size
from quickml.animation.scene import Backdrop, Scene, chosen_sections
from quickml.film import Film, FilmFrame

WIDTH, MARGIN, HEADER, SQUARE, SPACE, CURVE = 720.0, 26.0, 70.0, 300.0, 26.0, 64.0
"""In units; the width of a picture in pixels decides how many pixels a unit has."""
PER_SECOND = 8
HOLD_S = 2.0
"""How long the last frame stays before the animation begins again."""
BELOW = 24.0
"""Between the square and the curve; labels are there."""
HEIGHT = HEADER + SQUARE + BELOW + CURVE + MARGIN - 6


class Animation:
    """Draws a film."""

    def __init__(
        self, film: Film, *, width: int = 720, parts: tuple[str, ...] = (), backdrop: Backdrop | None = None
    ) -> None:
        """`width` is in pixels; `parts` are names, or their beginnings, of the parts on the right."""
        self._film, self._scale = film, width / WIDTH
        self._scene = Scene(film, backdrop)
        self._left = MARGIN + (SQUARE + SPACE if self._scene.name else 0)
        still = None
        if backdrop and backdrop.picture is not None:
            still = Unmoved(pixels=backdrop.picture, caption="input", more="the shown test sample")
        self._sections = chosen_sections(
            film, parts, still, WIDTH - MARGIN - self._left, SQUARE + CAPTION + GAP
        )
        top = HEADER + SQUARE + BELOW
        self._curve = Curve(film.frames, (MARGIN, top, WIDTH - MARGIN, top + CURVE))
        self._in_cells = () if self._scene.name and not parts else tuple(self._sections)

    @property
    def numbered(self) -> tuple[str, ...]:
        """Labels of which the picture has only the numbers: the font does not have their letters."""
        return () if self._scene.has_plane else self._scene.numbered

    def picture(self, frame: FilmFrame) -> Image.Image:
        """One frame with everything."""
        canvas = Canvas(WIDTH, HEIGHT, self._scale)
        big, small = self.moment(frame)
        width = canvas.text(MARGIN, 38, big, size=24)
        canvas.text(MARGIN + width + 10, 38, small, size=12, color=GREY)
        if np.isfinite(frame.loss):
            canvas.text(WIDTH - MARGIN, 38, f"loss {frame.loss:.3g}", size=15, anchor="rs")
        self._scene.draw(canvas, frame, (MARGIN, HEADER, MARGIN + SQUARE, HEADER + SQUARE))
        canvas.caption(MARGIN, HEADER - 6, self._scene.caption, self._scene.more, MARGIN + SQUARE)
        box = (self._left, HEADER - CAPTION, WIDTH - MARGIN, HEADER + SQUARE + GAP)
        self._draw_sections(canvas, frame, self._sections, box)
        self._curve.draw(canvas, frame.number)
        return canvas.image

    def _draw_sections(
        self, canvas: Canvas, frame: FilmFrame, sections: Sequence[Section | Unmoved], box: Box
    ) -> None:
        """Draw sections below each other, as large as they fit in the box, without those that do not fit."""
        left, top, right, bottom = box
        size = max(SMALLEST, largest_size(sections, right - left, bottom - top))
        for each in sections:
            below = top + each.total_height(size, right - left)
            if below <= bottom + GAP:
                each.draw(canvas, frame, (left, top, right, below), size)
            top = below

    def moment(self, frame: FilmFrame) -> tuple[str, str]:
        """Where in the training a frame is: a figure, and the rest."""
        if frame.number == self._film.restored:
            return "best weights", "restored by early stopping"
        epoch, epochs = self._film.epoch(frame.number), self._film.header.get("epochs")
        if epoch is None:
            return f"step {frame.number:,}", ""
        of = f"of {epochs:,}, " if epochs else ""
        return f"epoch {epoch:,}", f"{of}step {frame.number:,}"

    def write_gif(self, stream: BinaryIO, *, seconds: float) -> int:
        """Write an animation that plays for about this long, and return its number of frames."""
        chosen = self._evenly(max(2, round(seconds * PER_SECOND)))
        duration_ms = max(
            20, round(seconds * 1000 / len(chosen) / 10) * 10
        )  # GIFs count hundredths of seconds
        colors = Image.new("P", (1, 1))
        colors.putpalette(palette(self._colored_classes()).tobytes())
        pictures: Iterator[Image.Image] = (
            self.picture(frame).quantize(palette=colors, dither=Image.Dither.NONE) for frame in chosen
        )
        durations = [duration_ms] * (len(chosen) - 1) + [round(HOLD_S * 1000)]
        next(pictures).save(
            stream, format="GIF", save_all=True, append_images=pictures, loop=0, optimize=True,
            duration=durations if len(chosen) > 1 else duration_ms,
        )  # fmt: skip
        return len(chosen)

    def write_strip(self, stream: BinaryIO, *, count: int) -> int:
        """Write moments side by side as a PNG, and return their number."""
        chosen = self._evenly(count)
        cell, gap = 150.0, 14.0
        width = MARGIN * 2 + len(chosen) * (cell + gap) - gap
        canvas = Canvas(width, MARGIN * 2 + cell + 30, self._scale)
        for place, frame in enumerate(chosen):
            left = MARGIN + place * (cell + gap)
            self._draw_cell(canvas, frame, left, cell)
        canvas.image.save(stream, format="PNG", optimize=True)
        return len(chosen)

    def _draw_cell(self, canvas: Canvas, frame: FilmFrame, left: float, cell: float) -> None:
        if self._in_cells:
            self._draw_sections(
                canvas, frame, self._in_cells, (left, MARGIN - CAPTION, left + cell, MARGIN + cell)
            )
        else:
            self._scene.draw(canvas, frame, (left, MARGIN, left + cell, MARGIN + cell))
        canvas.text(left, MARGIN + cell + 30, self.moment(frame)[0], size=12)
        if np.isfinite(frame.loss):
            canvas.text(
                left + cell, MARGIN + cell + 30, f"{frame.loss:.3g}", size=11, color=GREY, anchor="rs"
            )

    def _colored_classes(self) -> int:
        return len(self._film.frames[0].parts["grid"]) if self._scene.has_plane else 0

    def _evenly(self, count: int) -> list[FilmFrame]:
        """At most `count` frames, evenly spaced, with the first and the last."""
        frames = self._film.frames
        places = np.linspace(0, len(frames) - 1, min(count, len(frames))).round().astype(int)
        return [frames[place] for place in places]
