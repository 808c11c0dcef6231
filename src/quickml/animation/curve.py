"""The curve of the loss with a playhead."""

from __future__ import annotations

import math
from collections.abc import Sequence

from quickml.animation.canvas import Box, Canvas
from quickml.animation.colors import BLUE, GREY, LINE, PAPER
from quickml.film import FilmFrame

LOGARITHMIC = 15
"""Ratio of the largest to the smallest loss from which the axis is logarithmic."""


class Curve:
    """The losses of all frames, placed in a box."""

    def __init__(self, frames: Sequence[FilmFrame], box: Box) -> None:
        self._box = box
        known = [(frame.number, frame.loss) for frame in frames if math.isfinite(frame.loss)]
        losses = [loss for _, loss in known]
        self.is_logarithmic = bool(losses) and min(losses) > 0 and max(losses) > LOGARITHMIC * min(losses)
        values = list(map(self._value, losses)) or [0.0]
        self._low, self._high = min(values) if self.is_logarithmic else min([0.0, *values]), max(values)
        self._first, self._last = frames[0].number, max(frames[-1].number, frames[0].number + 1)
        self._points = [(number, self._place(number, loss)) for number, loss in known]

    def _value(self, loss: float) -> float:
        return math.log(loss) if self.is_logarithmic else loss

    def _x(self, number: int) -> float:
        left, _, right, _ = self._box
        return left + 4 + (number - self._first) / (self._last - self._first) * (right - left - 8)

    def _place(self, number: int, loss: float) -> tuple[float, float]:
        _, top, _, bottom = self._box
        share = (self._value(loss) - self._low) / ((self._high - self._low) or 1)
        return self._x(number), bottom - 5 - share * (bottom - top - 10)

    def draw(self, canvas: Canvas, number: int) -> None:
        """Everything until this frame in blue, the rest in grey, and a dot at its loss."""
        left, top, right, bottom = self._box
        past = [point for place, point in self._points if place <= number]
        future = [point for place, point in self._points if place >= number]
        canvas.line([(left, bottom), (right, bottom)], LINE)
        name = "loss, logarithmic" if self.is_logarithmic else "loss"
        canvas.text(right - 12, top + 10, name, size=10, color=GREY, anchor="rs")
        canvas.line([(self._x(number), top), (self._x(number), bottom)], GREY, 0.8)
        curves = [(points, color, 1.6) for points, color in ((future, LINE), (past, BLUE)) if len(points) > 1]
        if past:
            curves += [([past[-1]], PAPER, 10.0), ([past[-1]], BLUE, 7.0)]
        canvas.curves(curves, (left, top, right, bottom - 1))
