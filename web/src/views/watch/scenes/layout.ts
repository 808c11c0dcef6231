/** Where the units of a network stand. */

import type { Column, Unit } from './network.ts';

export interface Cell {
  readonly x: number;
  readonly y: number;
}

export interface Placement {
  /** Side of a unit's square. */
  readonly size: number;
  /** Middles of all units, by column. */
  readonly cells: readonly (readonly Cell[])[];
}

export interface Room {
  readonly width: number;
  readonly height: number;
  /** Kept free on the left, for the names of the inputs, and on the right, for the answer's. */
  readonly left: number;
  readonly right: number;
}

const LEAST_PITCH = 22;
const LARGEST_PITCH = 40;
const LARGEST = 34;
const GAP = 6;

/** Columns from left to right, evenly spaced; columns with many units are several units wide. */
export function placement(columns: readonly Column[], room: Room): Placement {
  const rows = Math.max(1, Math.floor(room.height / LEAST_PITCH));
  const wide = columns.map(({ shown }) => Math.ceil(shown / rows));
  const tall = columns.map(({ shown }, i) => Math.ceil(shown / wide[i]!));
  const widths = wide.reduce((sum, many) => sum + many, 0);
  const pitch = Math.min(LARGEST_PITCH, room.height / Math.max(...tall), (0.62 * room.width) / widths);
  const size = Math.min(LARGEST, pitch - (pitch > 24 ? GAP : 3));
  const free = room.width - room.left - room.right - size - (widths - columns.length) * pitch;
  const gap = columns.length > 1 ? free / (columns.length - 1) : 0;
  let left = room.left + size / 2;
  const cells = columns.map(({ shown }, c) => {
    const found = Array.from({ length: shown }, (_, i) => {
      const [across, down] = [Math.floor(i / tall[c]!), i % tall[c]!];
      const many = Math.min(tall[c]!, shown - across * tall[c]!);
      const step = columnPitch(pitch, columns[c]!, room.height, many);
      return { x: left + across * pitch, y: room.height / 2 + (down - (many - 1) / 2) * step };
    });
    left += (wide[c]! - 1) * pitch + gap;
    return found;
  });
  return { size, cells };
}

/** Few inputs and answers stand further apart. */
function columnPitch(pitch: number, column: Column, height: number, many: number): number {
  return column.kind === 'hidden' ? pitch : Math.max(pitch, Math.min(height / (many + 1), 1.9 * pitch));
}

/** The unit nearest to a point, not further away than `most`; `isChosen` says which columns count. */
export function nearest(
  placed: Placement,
  x: number,
  y: number,
  most: number,
  isChosen: (column: number) => boolean,
): Unit | null {
  let found: Unit | null = null;
  let least = most;
  placed.cells.forEach((cells, column) => {
    if (!isChosen(column)) return;
    cells.forEach((cell, index) => {
      const away = Math.max(Math.abs(cell.x - x), Math.abs(cell.y - y));
      if (away <= least) [found, least] = [{ column, index }, away];
    });
  });
  return found;
}

/** The unit that an arrow key leads to. */
export function neighbour(
  placed: Placement,
  from: Unit,
  key: string,
  isChosen: (column: number) => boolean,
): Unit | null {
  const cells = placed.cells[from.column]!;
  const own = cells[from.index]!;
  if (key === 'Home') return { column: from.column, index: 0 };
  if (key === 'End') return { column: from.column, index: cells.length - 1 };
  if (key === 'ArrowUp' || key === 'ArrowDown') {
    const index = from.index + (key === 'ArrowDown' ? 1 : -1);
    return index >= 0 && index < cells.length ? { column: from.column, index } : null;
  }
  if (key !== 'ArrowLeft' && key !== 'ArrowRight') return null;
  const step = key === 'ArrowRight' ? 1 : -1;
  for (let column = from.column; isChosen(column); column += step) {
    const found = beside(placed.cells[column]!, own, step);
    if (found !== null) return { column, index: found };
  }
  return null;
}

/** The cell of a column that lies further on, at the height most like that of `own`. */
function beside(cells: readonly Cell[], own: Cell, step: number): number | null {
  let found: number | null = null;
  let least = Infinity;
  cells.forEach((cell, index) => {
    const ahead = (cell.x - own.x) * step;
    if (ahead < 1) return;
    const away = ahead * 1000 + Math.abs(cell.y - own.y);
    if (away < least) [found, least] = [index, away];
  });
  return found;
}
