"""The network as a drawing: boxes from left to right, in lines like text, with an arrow for each input."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import Any

from quickml.report.formatting import setting, shape, window

Row = Mapping[str, Any]
"""A layer as `report.json` has it."""

LINE_WIDTH = 980
"""A line is as long as this where the network can be cut there."""
MARGIN, GAP, SPACING = 4, 36, 16
"""Around a line, between boxes of a path, and between boxes above each other."""
LANE = 14
"""Distance of an arrow that passes boxes from these boxes, and from others of its kind."""
TEXT_HEIGHT, PADDING, LEAST_WIDTH = 17, 9, 84
BOLD_WIDTH, PLAIN_WIDTH = 8, 6.8
"""Average width of a letter."""


@dataclass(frozen=True, kw_only=True)
class NetworkBox:
    """Layers that follow each other and keep the number of values, in one box."""

    x: float
    y: float
    width: float
    height: float
    title: str
    details: tuple[str, ...]
    output: str
    learns: bool
    """Whether one of the layers has parameters."""
    tooltip: str


@dataclass(frozen=True, kw_only=True)
class NetworkLine:
    """One line of the drawing: boxes, and SVG paths of the arrows and of their heads."""

    width: float
    height: float
    boxes: tuple[NetworkBox, ...]
    arrows: tuple[str, ...]
    heads: tuple[str, ...]


@dataclass(kw_only=True)
class _Block:
    rows: list[Row]
    sources: tuple[int, ...]
    rank: int
    x: float = 0.0
    y: float = 0.0

    @property
    def title(self) -> str:
        return str(self.rows[0]["type"])

    @property
    def details(self) -> tuple[str, ...]:
        first, *others = self.rows
        added = (f"+ {row['type']} {details(row)}".rstrip() for row in others)
        return tuple(filter(None, (details(first), *added)))

    @property
    def output(self) -> str:
        return shape(self.rows[-1]["output_shape"])

    @property
    def height(self) -> float:
        return TEXT_HEIGHT * (2 + len(self.details)) + 2 * PADDING

    @property
    def width(self) -> float:
        plain = max(map(len, (*self.details, self.output)))
        return max(LEAST_WIDTH, BOLD_WIDTH * len(self.title) + 20, PLAIN_WIDTH * plain + 20)


@dataclass(kw_only=True)
class _Line:
    """The blocks of consecutive ranks; `entry` is the block of the previous line that they continue."""

    ranks: list[list[int]]
    entry: int | None
    columns: list[tuple[float, float]] = field(default_factory=list)
    """Left and right edge of each rank."""


def details(row: Row) -> str:
    """Kernel, activation and rate of a layer, if it has them: `3 x 3, stride 2 · relu`."""
    settings = row["settings"]
    name, rate = settings.get("activation", "linear"), settings.get("rate")
    return " · ".join(
        filter(
            None,
            (window(settings), "" if name == "linear" else str(name), "" if rate is None else setting(rate)),
        )
    )


def drawing(layers: Sequence[Row], input_shape: Sequence[int]) -> list[NetworkLine]:
    """Draw the layers of `report.json`.

    Args:
        layers: `name`, `type`, `inputs`, `output_shape`, `parameters` and `settings` of each.
        input_shape: of the network's input, without the batch.
    """
    blocks = _blocks(layers, input_shape)
    lines = [_drawn(line, blocks) for line in _lines(blocks)]
    widest = max(line.width for line in lines)
    return [replace(line, width=widest) for line in lines]  # on a narrow screen, all are scaled alike


def _blocks(layers: Sequence[Row], input_shape: Sequence[int]) -> list[_Block]:
    source: Row = {"name": "input", "type": "input", "settings": {}, "parameters": 0}
    blocks = [_Block(rows=[{**source, "output_shape": input_shape}], sources=(), rank=0)]
    home = {"input": 0}
    uses = Counter(name for row in layers for name in row["inputs"])
    for row in layers:
        sources = tuple(dict.fromkeys(home.get(name, 0) for name in row["inputs"]))
        if uses[row["inputs"][0]] == 1 and len(sources) == 1 and _joins(row, blocks[sources[0]].rows[-1]):
            home[row["name"]] = sources[0]
            blocks[sources[0]].rows.append(row)
            continue
        home[row["name"]] = len(blocks)
        rank = 1 + max(blocks[at].rank for at in sources)
        blocks.append(_Block(rows=[row], sources=sources, rank=rank))
    return blocks


def _joins(row: Row, before: Row) -> bool:
    """Whether a layer is drawn in the box of the one before: it has few parameters and keeps the values."""
    sizes = row["output_shape"], before["output_shape"]
    return (
        math.prod(sizes[0]) == math.prod(sizes[1])
        and row["parameters"] <= 4 * sizes[0][-1]
        and not {"kernel_size", "pool_size", "units"} & set(row["settings"])
    )


def _lines(blocks: Sequence[_Block]) -> Iterator[_Line]:
    """Cut the ranks into lines, where all arrows come from one block."""
    ranks: list[list[int]] = [[] for _ in range(1 + max(block.rank for block in blocks))]
    for at, block in enumerate(blocks):
        ranks[block.rank].append(at)
    widths = [max(blocks[at].width for at in rank) + GAP for rank in ranks]
    cuts = [rank for rank in range(len(ranks) - 1) if _can_cut(blocks, rank)]
    start, entry = 0, None
    while start < len(ranks):
        fitting = [cut for cut in cuts if cut >= start and sum(widths[start : cut + 1]) <= LINE_WIDTH]
        later = [cut for cut in cuts if cut >= start]
        end = len(ranks) - 1
        if sum(widths[start:]) > LINE_WIDTH and later:
            end = fitting[-1] if fitting else later[0]
        yield _Line(ranks=ranks[start : end + 1], entry=entry)
        start, entry = end + 1, ranks[end][0]


def _can_cut(blocks: Sequence[_Block], rank: int) -> bool:
    taken = {source for block in blocks if block.rank > rank for source in block.sources}
    return [blocks[source].rank for source in taken if blocks[source].rank <= rank] == [rank]


def _drawn(line: _Line, blocks: Sequence[_Block]) -> NetworkLine:
    left: float = MARGIN + (GAP if line.entry is not None else 0)
    for rank in line.ranks:
        width = max(blocks[at].width for at in rank)
        line.columns.append((left, left + width))
        _stack(rank, blocks, left)
        left += width + GAP
    arrows, top, bottom = _arrows(line, blocks)
    shift = MARGIN - top
    return NetworkLine(
        width=round(left - GAP + MARGIN + (0 if _is_last(line, blocks) else GAP)),
        height=round(bottom + shift + MARGIN),
        boxes=tuple(
            _box(blocks[at], right - left, shift)
            for rank, (left, right) in zip(line.ranks, line.columns, strict=True)
            for at in rank
        ),
        arrows=tuple(arrow.at(shift) for arrow in arrows),
        heads=tuple(arrow.head(shift) for arrow in arrows),
    )


def _is_last(line: _Line, blocks: Sequence[_Block]) -> bool:
    return blocks[line.ranks[-1][0]].rank == max(block.rank for block in blocks)


def _stack(rank: list[int], blocks: Sequence[_Block], left: float) -> None:
    """Place the blocks of a rank above each other around 0, in the order of what they take."""
    rank.sort(key=lambda at: fmean(blocks[one].y for one in blocks[at].sources or (at,)))
    top = -(sum(blocks[at].height for at in rank) + SPACING * (len(rank) - 1)) / 2
    for at in rank:
        blocks[at].x, blocks[at].y = left, top + blocks[at].height / 2
        top += blocks[at].height + SPACING


@dataclass(frozen=True, kw_only=True)
class _Arrow:
    """From one point to another; if there is a `lane`, at its height from `first` to `last`."""

    start: tuple[float, float]
    end: tuple[float, float]
    lane: float | None = None
    first: float = 0.0
    last: float = 0.0

    def at(self, shift: float) -> str:
        """SVG path data, `shift` lower."""
        (x1, y1), (x2, y2) = self.start, self.end
        y1, y2, half = y1 + shift, y2 + shift, GAP / 2
        if self.lane is None:
            return f"M{x1:g},{y1:g}C{x1 + half:g},{y1:g} {x2 - half:g},{y2:g} {x2:g},{y2:g}"
        lane, a, b = self.lane + shift, self.first, self.last
        return (
            f"M{x1:g},{y1:g}C{a - half:g},{y1:g} {a - half:g},{lane:g} {a:g},{lane:g}L{b:g},{lane:g}"
            f"C{b + half:g},{lane:g} {b + half:g},{y2:g} {x2:g},{y2:g}"
        )

    def head(self, shift: float) -> str:
        """SVG path data of the head, `shift` lower."""
        x, y = self.end[0], self.end[1] + shift
        return f"M{x - 7:g},{y - 4:g} {x:g},{y:g} {x - 7:g},{y + 4:g}z"


def _arrows(line: _Line, blocks: Sequence[_Block]) -> tuple[list[_Arrow], float, float]:
    """The arrows of a line, and its highest and lowest coordinate."""
    place = {at: column for column, rank in enumerate(line.ranks) for at in rank}
    pairs = [(source, at) for at in place for source in blocks[at].sources]
    pairs.sort(key=lambda pair: place[pair[1]] - place.get(pair[0], -1))
    reach = [max(abs(blocks[at].y) + blocks[at].height / 2 for at in rank) for rank in line.ranks]
    lanes: list[tuple[int, int, float]] = []
    arrows = []
    for source, at in pairs:
        first, last = place.get(source, -1), place[at]  # -1: in the line before
        start = (line.columns[first][1], blocks[source].y) if first >= 0 else (float(MARGIN), 0.0)
        end = (line.columns[last][0], blocks[at].y)
        if last - first == 1:
            arrows.append(_Arrow(start=start, end=end))
            continue
        side = 1 if start[1] > 0 else -1
        beside = (side * lane for begin, stop, lane in lanes if begin < last and first < stop)
        lane = side * (LANE + max(*reach[first + 1 : last], *beside, 0))
        lanes.append((first, last, lane))
        arrows.append(_Arrow(start=start, end=end, lane=lane, first=start[0] + GAP, last=end[0] - GAP))
    if not _is_last(line, blocks):
        right = line.columns[-1][1]
        arrows.append(_Arrow(start=(right, 0.0), end=(right + GAP, 0.0)))
    most = max(reach)
    return arrows, min(-most, *_heights(lanes)), max(most, *_heights(lanes))


def _heights(lanes: Sequence[tuple[int, int, float]]) -> list[float]:
    return [0.0, *(lane for _, _, lane in lanes)]


def _box(block: _Block, width: float, shift: float) -> NetworkBox:
    return NetworkBox(
        x=block.x,
        y=block.y - block.height / 2 + shift,
        width=width,
        height=block.height,
        title=block.title,
        details=block.details,
        output=block.output,
        learns=any(row["parameters"] for row in block.rows),
        tooltip="\n".join(
            f"{row['name']}: {row['parameters']:,} parameters" if row["parameters"] else str(row["name"])
            for row in block.rows
        ),
    )
