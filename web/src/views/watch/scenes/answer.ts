/** The answers over the plane: reading them at a point, and the lines between classes. */

import type { FilmHeader } from '../../../film/film.ts';
import { best, labelsOf, partOf } from './parts.ts';

/** The grid of a film: `outputs` layers of `height` rows from low to high y, each from low to high x. */
export interface Grid {
  readonly outputs: number;
  readonly width: number;
  readonly height: number;
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
  /** Whether the answers are probabilities of classes. */
  readonly classes: number;
}

export function gridOf(header: FilmHeader): Grid | null {
  const part = partOf(header, 'grid');
  if (!part || !header.grid) return null;
  const [outputs, height, width] = part.shape as [number, number, number];
  return { outputs, width, height, x: header.grid.x, y: header.grid.y, classes: labelsOf(header).length };
}

/** Where a point lies in the square of the plane: 0 to 1 from the left and from the top. */
export function placed(grid: Grid, x: number, y: number): [number, number] {
  return [(x - grid.x[0]) / (grid.x[1] - grid.x[0]), 1 - (y - grid.y[0]) / (grid.y[1] - grid.y[0])];
}

/** The point of the plane at a place of its square. */
export function pointAt(grid: Grid, left: number, top: number): [number, number] {
  return [grid.x[0] + left * (grid.x[1] - grid.x[0]), grid.y[0] + (1 - top) * (grid.y[1] - grid.y[0])];
}

/** A layer of a grid at a point: linear between the centres of the four nearest cells. */
export function sampled(
  values: Float32Array,
  grid: { width: number; height: number },
  layer: number,
  left: number,
  top: number,
): number {
  const { width, height } = grid;
  const column = Math.max(0, Math.min(width - 1, left * width - 0.5));
  const row = Math.max(0, Math.min(height - 1, (1 - top) * height - 0.5));
  const [i, j] = [Math.min(width - 2, Math.floor(column)), Math.min(height - 2, Math.floor(row))];
  const [u, v] = [column - i, row - j];
  const at = layer * width * height + j * width + i;
  const [a, b] = [values[at]!, values[at + 1]!];
  const [c, d] = [values[at + width]!, values[at + width + 1]!];
  return (a * (1 - u) + b * u) * (1 - v) + (c * (1 - u) + d * u) * v;
}

/** All answers at a point: the probabilities of all classes, or the outputs of a regression. */
export function answersAt(values: Float32Array, grid: Grid, x: number, y: number): number[] {
  const [left, top] = placed(grid, x, y);
  const found = Array.from({ length: grid.outputs }, (_, k) => sampled(values, grid, k, left, top));
  return grid.classes && grid.outputs === 1 ? [1 - found[0]!, found[0]!] : found;
}

/** A sample in the plane, with its class or target. */
export interface Point {
  readonly id: number;
  readonly x: number;
  readonly y: number;
  readonly target: number;
}

/** The class that the network names at each point. */
export function answered(values: Float32Array, grid: Grid, points: readonly Point[]): number[] {
  return points.map(({ x, y }) => best(answersAt(values, grid, x, y)));
}

/**
 * The lines where another class becomes the likeliest, by marching squares.
 *
 * Returns segments: x1, y1, x2, y2 of each, 0 to 1 from the left and from the top.
 */
export function boundary(values: Float32Array, grid: Grid): number[] {
  const { width, height, outputs } = grid;
  const size = width * height;
  const segments: number[] = [];
  // The lead of class a over class b at a cell.
  const lead = (at: number, a: number, b: number): number =>
    outputs === 1 ? (a ? 2 : -2) * (values[at]! - 0.5) : values[a * size + at]! - values[b * size + at]!;
  const winner = winners(values, outputs, size);
  const crossings: number[] = [];
  for (let y = 0; y < height - 1; y++)
    for (let x = 0; x < width - 1; x++) {
      const at = y * width + x;
      const corners = [at, at + 1, at + width + 1, at + width];
      const [p, q, r, s] = corners as [number, number, number, number];
      if (winner[p] === winner[q] && winner[q] === winner[r] && winner[r] === winner[s]) continue;
      crossings.length = 0;
      const cross = (from: number, to: number, x0: number, y0: number, dx: number, dy: number): void => {
        const [a, b] = [winner[from]!, winner[to]!];
        if (a === b) return;
        const [first, second] = [lead(from, a, b), lead(to, a, b)];
        const share = first === second ? 0.5 : Math.max(0, Math.min(1, first / (first - second)));
        crossings.push((x0 + dx * share + 0.5) / width, 1 - (y0 + dy * share + 0.5) / height);
      };
      cross(p, q, x, y, 1, 0);
      cross(q, r, x + 1, y, 0, 1);
      cross(s, r, x, y + 1, 1, 0);
      cross(p, s, x, y, 0, 1);
      join(crossings, segments);
    }
  return segments;
}

/** Two crossings are one segment; more meet in their middle. */
function join(crossings: readonly number[], segments: number[]): void {
  const count = crossings.length / 2;
  if (count === 2) {
    segments.push(crossings[0]!, crossings[1]!, crossings[2]!, crossings[3]!);
    return;
  }
  let [x, y] = [0, 0];
  for (let i = 0; i < count; i++) {
    x += crossings[2 * i]! / count;
    y += crossings[2 * i + 1]! / count;
  }
  for (let i = 0; i < count; i++) segments.push(crossings[2 * i]!, crossings[2 * i + 1]!, x, y);
}

/** The likeliest class in every cell. */
export function winners(values: Float32Array, outputs: number, size: number): Uint8Array {
  const found = new Uint8Array(size);
  for (let i = 0; i < size; i++) {
    if (outputs === 1) {
      found[i] = values[i]! > 0.5 ? 1 : 0;
      continue;
    }
    let most = values[i]!;
    for (let k = 1; k < outputs; k++)
      if (values[k * size + i]! > most) {
        found[i] = k;
        most = values[k * size + i]!;
      }
  }
  return found;
}
