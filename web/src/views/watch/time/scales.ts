/** Axes of the curve. */

import {
  type Ends,
  linear,
  logarithmic,
  logarithmicFromZero,
  type Scale,
  ticks,
} from '../../../charts/scale.ts';
import type { Unit } from './track.ts';

/** How an axis is divided: evenly, or by its logarithm (of 1 more, so that the start has a place). */
export type Spacing = 'even' | 'log';

/** The horizontal axis from 0 to `end`. Steps become logarithmic as their epochs do. */
export function horizontal(end: number, width: number, spacing: Spacing, one = 1): Scale {
  const values: Ends = [0, Math.max(end, 1e-6)];
  return spacing === 'log' ? logarithmicFromZero(values, [0, width], one) : linear(values, [0, width]);
}

/** Round places of the horizontal axis, at least `apart` pixels from each other and from both ends. */
export function horizontalTicks(
  scale: Scale,
  end: number,
  width: number,
  spacing: Spacing,
  unit: Unit,
  apart = 70,
): number[] {
  const most = Math.max(2, Math.floor(width / apart));
  const round = spacing === 'log' ? roundNumbers(1, end) : ticks(0, end, most);
  const whole = unit === 'share' ? round : round.filter(Number.isInteger);
  const found: number[] = [];
  let before = 0;
  for (const tick of whole) {
    const x = scale(tick);
    if (tick <= 0 || x - before < apart || width - x < 0.6 * apart) continue;
    found.push(tick);
    before = x;
  }
  return found;
}

/** 1, 2, 5 times powers of ten from `low` to `high`. */
export function roundNumbers(low: number, high: number): number[] {
  const found: number[] = [];
  if (!(low > 0) || !(high >= low) || !Number.isFinite(high)) return found;
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++)
    for (const digit of [1, 2, 5]) {
      const number = Number((digit * 10 ** power).toPrecision(1));
      if (number >= low * 0.999 && number <= high * 1.001) found.push(number);
    }
  return found;
}

export interface Vertical {
  readonly scale: Scale;
  readonly ticks: readonly number[];
  readonly log: boolean;
}

/** The vertical axis of a curve; logarithmic if its values differ more than twelve times. Metrics from 0 to 1 end at 1. */
export function vertical(values: Iterable<number>, top: number, bottom: number, share = false): Vertical {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values)
    if (Number.isFinite(value)) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  if (low > high) [low, high] = [0, 1];
  const log = !share && low > 0 && high / low > 12;
  if (log) {
    const scale = logarithmic([low / 1.1, high * 1.1], [bottom, top]);
    const every = roundNumbers(low, high);
    const some = Math.ceil(every.length / Math.max(2, Math.floor((bottom - top) / 20)));
    return { scale, log, ticks: every.filter((_, i) => (every.length - 1 - i) % some === 0) };
  }
  if (share) high = 1;
  if (high === low) [low, high] = [low - (Math.abs(low) || 1) / 2, high + (Math.abs(high) || 1) / 2];
  const room = (high - low) * 0.06;
  const ends: Ends = [low - room, share ? 1 + room / 2 : high + room];
  return {
    scale: linear(ends, [bottom, top]),
    log,
    ticks: ticks(low, high, Math.max(2, Math.min(4, Math.floor((bottom - top) / 24)))),
  };
}
