/** The lines of the chart: those of the run, and dotted those of the compared one. */

import type { Run } from '../../../state/run.svelte.ts';
import { pathOf } from './curve.ts';
import type { Scale } from '../../../charts/scale.ts';
import { seriesOf, type Series } from './series.ts';
import { positionOf, type Track, type Unit } from './track.ts';

export interface Line extends Series {
  readonly compared: boolean;
  /** Places on the axis of the chart. */
  readonly places: Float32Array;
}

/** The lines of a metric, faintest first. Single steps of the compared run are left out: they would hide the others. */
export function linesOf(
  metric: string,
  unit: Unit,
  run: Run,
  track: Track,
  other: Run | null,
  otherTrack: Track | null,
): Line[] {
  const placed = (one: Run, its: Track, compared: boolean): Line[] =>
    seriesOf(one, metric, its.stepsPerEpoch, its.end).map((series) => ({
      ...series,
      compared,
      places: Float32Array.from(series.points.x, (step) => positionOf(its, step, unit)),
    }));
  const others = other && otherTrack ? placed(other, otherTrack, true) : [];
  return [...others.filter(({ of }) => of !== 'steps'), ...placed(run, track, false)];
}

/** All values of lines, for the vertical axis; those of single steps without the wildest twentieth at each end. */
export function valuesOf(lines: readonly Line[]): number[] {
  const values: number[] = [];
  for (const { of, points } of lines) {
    if (of !== 'steps') {
      values.push(...Array.from(points.y));
      continue;
    }
    const sorted = Float32Array.from(points.y).filter(Number.isFinite).sort();
    if (!sorted.length) continue;
    const cut = Math.floor(sorted.length / 20);
    values.push(sorted[cut]!, sorted[sorted.length - 1 - cut]!);
  }
  return values;
}

export function pathOfLine(line: Line, x: Scale, y: Scale, width: number): string {
  return pathOf({ x: line.places, y: line.points.y }, x, y, width);
}
