"""Learning curves and the scatter plot of a regression, as SVG coordinates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from quickml.report.axes import Axis, epoch_axis, value_axis
from quickml.report.formatting import is_number, number, percent, words

MAX_VERTICES = 400
MAX_DOTS = 60
MAX_SCATTER = 800
_NO_METRIC = ("epoch", "seconds", "learning_rate")

T = TypeVar("T")
Point = tuple[float, float]
_Say = Callable[[float], str]
_Epochs = Sequence[tuple[int, float] | None]
"""A metric by epoch; None where it is not finite."""


@dataclass(frozen=True, kw_only=True)
class Frame:
    """The rectangle of the plot inside a drawing of `width` by `height` units."""

    width: int = 520
    height: int = 290
    left: int = 58
    right: int = 506
    top: int = 14
    bottom: int = 246

    def x(self, share: float) -> float:
        """From 0..1, left to right."""
        return round(self.left + share * (self.right - self.left), 1)

    def y(self, share: float) -> float:
        """From 0..1, bottom to top."""
        return round(self.bottom - share * (self.bottom - self.top), 1)


SQUARE = Frame(width=520, height=520, left=64, right=506, top=14, bottom=456)


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A tick on an axis: its coordinate and its label."""

    at: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Dot:
    """A data point with a tooltip."""

    x: float
    y: float
    title: str


@dataclass(frozen=True, kw_only=True)
class Line:
    """One curve. `path` is SVG path data, with a gap where a value is not finite."""

    role: str
    """`training` or `validation`; selects the style."""
    label: str
    """Its name in the legend."""
    path: str
    dots: tuple[Dot, ...]
    is_sparse: bool
    """Whether there are few enough points to draw each as a dot."""
    last: str
    """The last value, formatted."""


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A plot with its axes; `summary` describes it in one sentence, for screen readers."""

    title: str
    frame: Frame
    x_ticks: tuple[Mark, ...]
    y_ticks: tuple[Mark, ...]
    x_label: str
    y_label: str = ""
    is_log: bool = False
    lines: tuple[Line, ...] = ()
    dots: tuple[Dot, ...] = ()
    summary: str


@dataclass(frozen=True, kw_only=True)
class _PlotArea:
    """A frame with its two axes."""

    frame: Frame
    x: Axis
    y: Axis

    def at(self, point: Point) -> Point:
        return self.frame.x(self.x.share(point[0])), self.frame.y(self.y.share(point[1]))


def learning_curves(history: Sequence[Mapping[str, Any]]) -> list[Chart]:
    """A chart for the loss, for each other metric, and for the learning rate if it changed.

    Args:
        history: one mapping per epoch: `epoch` and metrics by name, those on validation data with `val_`;
            a metric may be missing or None.
    """
    names = dict.fromkeys(key.removeprefix("val_") for row in history for key in row if key not in _NO_METRIC)
    charts = [_curve(name, history) for name in sorted(names, key=lambda name: name != "loss")]
    if len({row["learning_rate"] for row in history if is_number(row.get("learning_rate"))}) > 1:
        charts.append(_curve("learning_rate", history))
    return [chart for chart in charts if chart is not None]


def _curve(metric: str, history: Sequence[Mapping[str, Any]]) -> Chart | None:
    curves = {
        role: [(int(row["epoch"]), float(row[key])) if is_number(row.get(key)) else None for row in history]
        for role, key in (("training", metric), ("validation", f"val_{metric}"))
    }
    values = [point[1] for points in curves.values() for point in points if point]
    if not values:
        return None
    is_share = "accuracy" in metric and max(values) <= 1
    say = percent if is_share else number
    x = epoch_axis(int(history[0]["epoch"]), int(history[-1]["epoch"]))
    y = value_axis(values, ceiling=1.0) if is_share else value_axis(values, floor=0.0, log=True)
    area = _PlotArea(frame=Frame(), x=x, y=y)
    known = {role: points for role, points in curves.items() if any(points)}
    return Chart(
        title=words(metric), frame=area.frame, x_label="epoch", is_log=y.is_log,
        x_ticks=tuple(Mark(at=area.frame.x(x.share(tick)), text=f"{tick:.0f}") for tick in x.ticks),
        y_ticks=tuple(
            Mark(at=area.frame.y(y.share(t)), text=percent(t, _digits(y)) if is_share else number(t))
            for t in y.ticks
        ),
        lines=tuple(_line(metric, role, points, area, say) for role, points in known.items()),
        summary=f"{words(metric)} by epoch: "
        + "; ".join(f"{role} {_journey(points, say)}" for role, points in known.items()),
    )  # fmt: skip


def _digits(axis: Axis) -> int:
    """Decimals needed to tell the ticks of a percentage axis apart."""
    step = (axis.ticks[1] - axis.ticks[0]) * 100 if len(axis.ticks) > 1 else 1
    return 0 if step >= 0.999 and abs(step - round(step)) < 1e-9 else 1 if step >= 0.0999 else 2


def _journey(points: _Epochs, say: _Say) -> str:
    known = [value for _, value in filter(None, points)]
    return f"from {say(known[0])} to {say(known[-1])}" if len(known) > 1 else say(known[0])


def _line(metric: str, role: str, points: _Epochs, area: _PlotArea, say: _Say) -> Line:
    label = "last" if metric == "learning_rate" else role
    known = [point for point in points if point]
    return Line(
        role=role,
        label=label,
        path="".join(
            "M" + " ".join("{},{}".format(*area.at(point)) for point in run) for run in _runs(points)
        ),
        dots=tuple(
            Dot(x=x, y=y, title=f"epoch {epoch}, {words(metric) if label == 'last' else label}: {say(value)}")
            for (epoch, value), (x, y) in ((point, area.at(point)) for point in _spread(known, MAX_DOTS))
        ),
        is_sparse=len(known) <= MAX_DOTS // 2,
        last=say(known[-1][1]),
    )


def _runs(points: _Epochs) -> list[list[tuple[int, float]]]:
    """Parts of a curve without a gap, thinned."""
    runs: list[list[tuple[int, float]]] = [[]]
    for point in points:
        if point:
            runs[-1].append(point)
        elif runs[-1]:
            runs.append([])
    return [_thinned(run, MAX_VERTICES) for run in runs if run]


def _thinned(points: list[tuple[int, float]], most: int) -> list[tuple[int, float]]:
    """At most about `most` points. The lowest and highest of each bucket are kept, and so are spikes."""
    if len(points) <= most:
        return points
    bucket = -(-len(points) * 2 // most)
    kept = {points[0], points[-1]}
    for start in range(0, len(points), bucket):
        stretch = points[start : start + bucket]
        kept |= {min(stretch, key=lambda point: point[1]), max(stretch, key=lambda point: point[1])}
    return sorted(kept)


def _spread(items: Sequence[T], most: int) -> list[T]:
    """At most `most` items at even distances, including the first and the last."""
    if len(items) <= most:
        return list(items)
    return [items[round(i * (len(items) - 1) / (most - 1))] for i in range(most)]


def scatter(pairs: Sequence[Sequence[float | None]] | None, target: str) -> Chart | None:
    """Predicted against true values, on two equal axes: exact predictions lie on the diagonal.

    Args:
        pairs: (true, predicted); pairs with a value that is not finite are left out. None: not to be shown.
        target: the predicted quantity, with its unit.
    """
    known: list[Point] = [(float(t), float(p)) for t, p in pairs or () if is_number(t) and is_number(p)]  # type: ignore[arg-type]
    if not known:
        return None
    axis = value_axis([value for pair in known for value in pair])
    frame = SQUARE
    return Chart(
        title="predicted against true", frame=frame,
        x_label=f"true {target}".rstrip(), y_label=f"predicted {target}".rstrip(),
        x_ticks=tuple(Mark(at=frame.x(axis.share(tick)), text=number(tick)) for tick in axis.ticks),
        y_ticks=tuple(Mark(at=frame.y(axis.share(tick)), text=number(tick)) for tick in axis.ticks),
        dots=tuple(
            Dot(
                x=frame.x(axis.share(true)), y=frame.y(axis.share(predicted)),
                title=f"true {number(true)}, predicted {number(predicted)}",
            )
            for true, predicted in _spread(known, MAX_SCATTER)
        ),
        summary=f"{len(known):,} test samples, predicted value against true value; "
        "exact predictions lie on the diagonal",
    )  # fmt: skip
