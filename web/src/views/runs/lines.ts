/** The curves of several runs in one chart. */

import type { Curve } from '../../state/outlines.svelte.ts';

export interface Line {
  readonly id: string;
  readonly name: string;
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/** How many can be told apart. */
export const MOST_LINES = 8;

/** Dashes of a line: colours alone do not tell lines apart. */
export function dashOf(index: number): string {
  return ['', '7 3', '2 3', '9 3 2 3', '4 2', '1 2', '12 4', '6 2 1 2'][index % MOST_LINES]!;
}

/** Metrics that one of the curves has; losses first. */
export function metricsOf(curves: readonly (Curve | null)[]): string[] {
  const names = new Set(curves.flatMap((curve) => Object.keys(curve?.metrics ?? {})));
  const rank = (name: string): string =>
    `${name.endsWith('loss') ? 0 : 1}${name.startsWith('val_') ? 1 : 0}${name}`;
  return [...names].sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

/** Places of labels at the right ends of lines: as near as possible to `wanted`, at least `apart` pixels from each other. */
export function apart(
  wanted: readonly number[],
  distance: number,
  lowest: number,
  highest: number,
): number[] {
  const order = [...wanted.keys()].sort((a, b) => wanted[a]! - wanted[b]!);
  const placed = new Array<number>(wanted.length).fill(0);
  let before = lowest - distance;
  for (const i of order) before = placed[i] = Math.max(wanted[i]!, before + distance);
  let after = highest + distance;
  for (const i of order.reverse()) after = placed[i] = Math.min(placed[i]!, after - distance);
  return placed;
}

/** Labels in groups of those that stand beside each other, less than `near` pixels from one to the next. */
export function beside<Label extends { readonly x: number }>(
  labels: readonly Label[],
  near: number,
): Label[][] {
  const groups: Label[][] = [];
  for (const label of labels.toSorted((a, b) => a.x - b.x)) {
    const group = groups.at(-1);
    if (group && label.x - group.at(-1)!.x < near) group.push(label);
    else groups.push([label]);
  }
  return groups;
}

/** A small path in a box; on a log scale where values differ much. Empty for fewer than two values. */
export function sparkline(values: readonly number[], width: number, height: number): string {
  const finite = values.filter(Number.isFinite);
  if (finite.length < 2) return '';
  let [low, high] = [Math.min(...finite), Math.max(...finite)];
  const scale = low > 0 && high / low > 12 ? Math.log : (value: number): number => value;
  [low, high] = [scale(low), scale(high)];
  const step = Math.max(1, Math.floor(values.length / width));
  let path = '';
  for (let i = 0; i < values.length; i += step) {
    const value = values[i]!;
    if (!Number.isFinite(value)) continue;
    const x = (i / (values.length - 1)) * width;
    const y = high > low ? ((high - scale(value)) / (high - low)) * height : height / 2;
    path += `${path ? 'L' : 'M'}${x.toFixed(1)},${y.toFixed(1)}`;
  }
  return path;
}
