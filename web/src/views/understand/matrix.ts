/** Geometry of the confusion matrix. Pure. */

import { largestMistake, type Confusion } from './measures.ts';

export interface Cell {
  readonly was: number;
  readonly said: number;
}

export const parseCell = (text: string | null, classes: number): Cell | null => {
  const [was = NaN, said = NaN] = (text ?? '').split('-').map((part) => (part === '' ? NaN : Number(part)));
  const known = (label: number): boolean => Number.isInteger(label) && label >= 0 && label < classes;
  return known(was) && known(said) ? { was, said } : null;
};

export const cellName = ({ was, said }: Cell): string => `${was}-${said}`;

export const countOf = ({ classes, counts }: Confusion, { was, said }: Cell): number =>
  counts[was * classes + said]!;

/** Strength of the colour of a cell, 0 to 1. The diagonal has none: what is right needs no attention. */
export function tints(matrix: Confusion, shares: boolean): Float32Array {
  const { classes, counts, rows } = matrix;
  const value = (i: number): number =>
    i % (classes + 1) === 0 ? 0 : shares ? counts[i]! / (rows[Math.trunc(i / classes)]! || 1) : counts[i]!;
  let most = shares ? 0 : largestMistake(matrix);
  if (shares) for (let i = 0; i < counts.length; i++) most = Math.max(most, value(i));
  return Float32Array.from(counts, (_, i) => (value(i) ? 0.14 + (0.73 * value(i)) / most : 0));
}

/** The next cell with samples in a direction; the same one at the edge. */
export function next(matrix: Confusion, from: Cell, down: number, right: number): Cell {
  for (let step = 1; step < matrix.classes; step++) {
    const cell = { was: from.was + step * down, said: from.said + step * right };
    if (Math.min(cell.was, cell.said) < 0 || Math.max(cell.was, cell.said) >= matrix.classes) return from;
    if (countOf(matrix, cell)) return cell;
  }
  return from;
}

const STEPS: Record<string, readonly [down: number, right: number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** Where a key leads from a cell; null for keys that lead nowhere. */
export function moved(matrix: Confusion, from: Cell, key: string): Cell | null {
  const step = STEPS[key];
  return step ? next(matrix, from, ...step) : null;
}

/** Mistakes by their number, the commonest first. */
export function commonMistakes(matrix: Confusion): (Cell & { count: number })[] {
  const { classes, counts } = matrix;
  const found: (Cell & { count: number })[] = [];
  counts.forEach((count, i) => {
    if (count && i % (classes + 1)) found.push({ was: Math.trunc(i / classes), said: i % classes, count });
  });
  return found.sort((a, b) => b.count - a.count);
}

/** Where the keyboard enters: the chosen cell, else the largest mistake, else the first cell with samples. */
export function entry(matrix: Confusion, chosen: Cell | null): Cell {
  if (chosen && countOf(matrix, chosen)) return chosen;
  const [worst] = commonMistakes(matrix);
  const first = Math.max(0, matrix.rows.findIndex(Boolean));
  return worst ?? { was: first, said: first };
}
