/** Boxes and branches in rows that wrap like text, or in one column. Pure geometry. */

import { bent } from '../charts/line.ts';
import type { Arrangement } from './task.ts';
import type { Box, Point } from './boxes.ts';
import type { Edge } from './network.ts';
import type { Branches, Item } from './segments.ts';

export interface Placed {
  readonly box: Box;
  /** Top left of the box. */
  readonly x: number;
  readonly y: number;
}

export interface Wire {
  /** Null for the line between a layer and the place where branches begin or end. */
  readonly edge: Edge | null;
  readonly path: string;
  /** Where a layer can be inserted. */
  readonly plus: Point;
  /** Within branches, where there is less room. */
  readonly small: boolean;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly blocks: readonly Placed[];
  readonly wires: readonly Wire[];
  /** Where a layer can be added at the end. */
  readonly tail: { readonly from: Point; readonly plus: Point } | null;
}

export interface Room {
  /** Width to wrap at. */
  readonly width: number;
  readonly gap: number;
  /** Least length of a line between two blocks of a row: a + has room on it. */
  readonly line?: number;
  /** One column instead of rows: the x of its middle, and null for rows. */
  readonly column: number | null;
  /** Least room above the first row. */
  readonly top: number;
}

/** An item with its extent; `branches` needs an arrangement. */
interface Part {
  readonly item: Item;
  readonly width: number;
  readonly above: number;
  readonly below: number;
  readonly box: Box | null;
  readonly arrangement: Arrangement | null;
}

const MARGIN = 8;
const TURN = 26;
/** From the last block to the place where the next layer can be added. */
const TAIL = 22;
const BETWEEN_ROWS = 34;

export function layout(
  items: readonly Item[],
  boxes: ReadonlyMap<number, Box>,
  arranged: (branches: Branches) => Arrangement | null,
  edges: readonly Edge[],
  room: Room,
): Layout {
  const parts = items.flatMap((item): Part[] => {
    if (item.kind === 'single') {
      const box = boxes.get(item.id);
      return box
        ? [{ item, width: box.width, above: box.above, below: box.below, box, arrangement: null }]
        : [];
    }
    const arrangement = arranged(item);
    if (!arrangement) return [];
    const line = lineWithin(item, boxes, room.column !== null);
    // Long edges can run higher than the blocks that they pass.
    const highestWay = Math.min(0, ...arrangement.ways.flat().map(({ y }) => y + line));
    const above = arrangement.start.y + line - (room.column === null ? highestWay : 0);
    return [
      {
        item,
        width: arrangement.width,
        above,
        below: arrangement.height - arrangement.start.y - line,
        box: null,
        arrangement,
      },
    ];
  });
  return room.column === null ? inRows(parts, boxes, edges, room) : inColumn(parts, boxes, edges, room);
}

/** How far below the middle of boxes in branches their lines run. All boxes of branches are as high as the highest. */
function lineWithin(item: Branches, boxes: ReadonlyMap<number, Box>, down: boolean): number {
  if (down) return 0;
  const inside = item.inside.map((id) => boxes.get(id)!);
  const [above, below] = [highest(inside, 'above'), highest(inside, 'below')];
  return (above - below) / 2;
}

export const highest = (boxes: readonly Box[], part: 'above' | 'below'): number =>
  Math.max(0, ...boxes.map((box) => box[part]));

const roomOfRow = ({ width }: Pick<Room, 'width'>): number => width - 2 * MARGIN;

/** From the left of a part to the left of the next: labels and blocks keep their distances. */
function stepOf(
  part: { width: number; box: Box | null },
  { gap, line = 0 }: Pick<Room, 'gap' | 'line'>,
): number {
  const reach = part.box?.reach ?? part.width;
  return Math.max(part.width + gap, reach + Math.max(gap, line));
}

/** Width of a part at the end of a row; behind the last of all a layer can be added. */
function endOf({ width, box }: Pick<Part, 'width' | 'box'>, isLast: boolean): number {
  return isLast ? Math.max(width, (box?.reach ?? width) + TAIL + 12) : width;
}

/** Whether boxes are one row. */
export function fitsOneRow(boxes: readonly Box[], room: Pick<Room, 'width' | 'gap' | 'line'>): boolean {
  const parts = boxes.map((box) => ({ width: box.width, box }));
  const steps = parts.slice(0, -1).reduce((sum, part) => sum + stepOf(part, room), 0);
  const last = parts.at(-1);
  return steps + (last ? endOf(last, true) : 0) <= roomOfRow(room);
}

function inRows(
  parts: readonly Part[],
  boxes: ReadonlyMap<number, Box>,
  edges: readonly Edge[],
  room: Room,
): Layout {
  const rows: Part[][] = [];
  let used = 0;
  for (const part of parts) {
    const row = rows.at(-1);
    if (!row || used + endOf(part, part === parts.at(-1)) > roomOfRow(room)) {
      rows.push([part]);
      used = (row ? TURN : 0) + stepOf(part, room);
    } else {
      row.push(part);
      used += stepOf(part, room);
    }
  }
  const drawing = new Drawing(boxes, edges, false);
  let y = room.top;
  let width = 0;
  rows.forEach((row, at) => {
    const above = Math.max(...row.map((part) => part.above));
    const below = Math.max(...row.map((part) => part.below));
    let x = MARGIN + (at ? TURN : 0);
    drawing.turnAt = y - BETWEEN_ROWS / 2;
    for (const part of row) {
      drawing.add(part, x, y + above, room);
      drawing.right = x + part.width;
      drawing.edgeRight = x + (part.box?.reach ?? part.width);
      width = Math.max(width, drawing.right);
      x += stepOf(part, room);
    }
    y += above + below + BETWEEN_ROWS;
  });
  return drawing.done(width + MARGIN, y - (rows.length ? BETWEEN_ROWS : 0));
}

function inColumn(
  parts: readonly Part[],
  boxes: ReadonlyMap<number, Box>,
  edges: readonly Edge[],
  room: Room,
): Layout {
  const drawing = new Drawing(boxes, edges, true);
  let y = room.top;
  let width = room.width;
  for (const part of parts) {
    const height = part.arrangement ? part.arrangement.height : part.above + part.below;
    const x = part.box
      ? room.column! - (part.box.solidAt.x + part.box.solid.width / 2)
      : Math.max(MARGIN, (room.width - part.width) / 2);
    drawing.add(part, x, part.box ? y + part.above : y, room);
    width = Math.max(width, x + part.width);
    y += height + room.gap;
  }
  return drawing.done(width, y - (parts.length ? room.gap : 0));
}

/** Collects blocks and wires; remembers where the last item ended. */
class Drawing {
  #blocks: Placed[] = [];
  #wires: Wire[] = [];
  #end: Point | null = null;
  #last: number | null = null;
  /** Height at which a line goes back to the beginning of the row. */
  turnAt = 0;
  /** Where the last item ends, with its labels. */
  right = 0;
  /** Where the last block ends, with the names of its answers. */
  edgeRight = 0;

  constructor(
    readonly boxes: ReadonlyMap<number, Box>,
    readonly edges: readonly Edge[],
    readonly down: boolean,
  ) {}

  /** `y` is the height of the line; in a column, for branches, their top. */
  add(part: Part, x: number, y: number, room: Room): void {
    if (part.box) this.#single(part.box, x, y, room);
    else this.#branches(part.item as Branches, part.arrangement!, x, y);
  }

  done(width: number, height: number): Layout {
    const end = this.#end;
    const plus =
      end && (this.down ? along(end, true, TAIL) : { x: Math.max(end.x, this.edgeRight) + TAIL, y: end.y });
    return {
      width: Math.max(width, this.down || !plus ? 0 : plus.x + 12),
      height: height + (this.down ? TAIL : 0),
      blocks: this.#blocks,
      wires: this.#wires,
      tail: plus && { from: this.down ? end! : { x: Math.max(end!.x, this.edgeRight + 4), y: plus.y }, plus },
    };
  }

  #single(box: Box, x: number, y: number, room: Room): void {
    const placed = { box, x, y: y - box.above };
    const { entry, exit } = ports(placed, this.down);
    if (this.#end && this.#last !== null) {
      const edge = this.edges.find((one) => one.from === this.#last && one.to === box.id);
      if (edge) this.#join(edge, this.#end, entry, room);
      // After branches, the edges end where this line begins: it has no edge of its own.
      else this.#lead(this.#end, entry);
    }
    this.#blocks.push(placed);
    this.#end = exit;
    this.#last = box.id;
  }

  #branches(item: Branches, arrangement: Arrangement, x: number, y: number): void {
    const line = lineWithin(item, this.boxes, this.down);
    const top = this.down ? y : y - line - arrangement.start.y;
    const moved = (point: Point): Point => ({ x: x + point.x, y: top + point.y + line });
    const [start, end] = [moved(arrangement.start), moved(arrangement.end)];
    if (this.#end) this.#lead(this.#end, start);
    const inside = new Map<number, Placed>();
    for (const centre of arrangement.centres) {
      const box = this.boxes.get(centre.id)!;
      const above = this.down ? (box.above + box.below) / 2 : box.above;
      const placed = { box, x: x + centre.x - box.width / 2, y: top + centre.y + line - above };
      inside.set(centre.id, placed);
      this.#blocks.push(placed);
    }
    item.edges.forEach((edge, at) => {
      const from = inside.get(edge.from);
      const to = inside.get(edge.to);
      const first = from ? ports(from, this.down).exit : start;
      const last = to ? ports(to, this.down).entry : end;
      const way = arrangement.ways[at]!.map(moved).filter((point) =>
        isBetween(first, point, last, this.down),
      );
      const points = [first, ...way, last];
      this.#wires.push({
        edge,
        path: bent(points, this.down),
        plus: to
          ? along(last, this.down, -13)
          : way.length > 0
            ? way[Math.floor(way.length / 2)]!
            : along(last, this.down, -13),
        small: true,
      });
    });
    this.#end = end;
    this.#last = null;
  }

  #join(edge: Edge, from: Point, to: Point, room: Room): void {
    const wraps = !this.down && to.y > from.y + 1 && to.x < from.x;
    const path = wraps ? this.#turned(from, to) : bent([from, to], this.down);
    const plus = wraps ? along(to, false, -TURN / 2) : { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
    this.#wires.push({ edge, path, plus, small: room.gap < 32 });
  }

  #lead(from: Point, to: Point): void {
    const wraps = !this.down && to.x < from.x;
    const path = wraps ? this.#turned(from, to) : bent([from, to], this.down);
    this.#wires.push({ edge: null, path, plus: to, small: true });
  }

  /** From the end of a row to the beginning of the next, in the space between the rows. */
  #turned(from: Point, to: Point): string {
    const [right, left, middle] = [Math.max(from.x, this.right) + 14, to.x - 16, this.turnAt];
    const r = 8;
    return [
      `M${from.x} ${from.y}H${right - r}Q${right} ${from.y} ${right} ${from.y + r}V${middle - r}`,
      `Q${right} ${middle} ${right - r} ${middle}H${left + r}Q${left} ${middle} ${left} ${middle + r}`,
      `V${to.y - r}Q${left} ${to.y} ${left + r} ${to.y}H${to.x}`,
    ].join('');
  }
}

const along = (point: Point, down: boolean, by: number): Point =>
  down ? { x: point.x, y: point.y + by } : { x: point.x + by, y: point.y };

const isBetween = (first: Point, point: Point, last: Point, down: boolean): boolean =>
  down ? point.y > first.y + 4 && point.y < last.y - 4 : point.x > first.x + 4 && point.x < last.x - 4;

/** Where lines come in and go out of a block. */
export function ports({ box, x, y }: Placed, down: boolean): { entry: Point; exit: Point } {
  const left = x + box.solidAt.x;
  const middle = left + box.solid.width / 2;
  if (down)
    return {
      entry: { x: middle, y: y + box.solidAt.y - 2 },
      exit: { x: middle, y: y + box.solidAt.y + box.solid.height + 2 },
    };
  return { entry: { x: left, y: y + box.above }, exit: { x: left + box.solid.width, y: y + box.above } };
}

/** The wire whose place to add a layer is nearest to a point, if it is within reach. */
export function nearest(wires: readonly Wire[], { x, y }: Point, reach: number): Wire | null {
  let found: Wire | null = null;
  let least = reach;
  for (const wire of wires) {
    const far = Math.hypot(wire.plus.x - x, wire.plus.y - y);
    if (far < least) [found, least] = [wire, far];
  }
  return found;
}
