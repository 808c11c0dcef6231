/** What is computed from found and true values of a regression. Pairs that are not finite are left out. */

import { ticks } from '../../charts/scale.ts';
import { extent } from '../../data/histogram.ts';

export interface Pairs {
  readonly truth: ArrayLike<number>;
  readonly predicted: ArrayLike<number>;
}

export interface Errors {
  /** Pairs that were used, and those that are not finite. */
  readonly samples: number;
  readonly left: number;
  readonly absolute: number;
  readonly squared: number;
  /** 1 minus the squared error divided by that of the mean; NaN if all targets are equal. */
  readonly r2: number;
  /** Mean of found minus true. */
  readonly lean: number;
  /** Absolute error of half and of 90 % of the samples: at most. */
  readonly half: number;
  readonly most: number;
  readonly largest: number;
  /** Always answering the mean of the targets. */
  readonly baseline: { readonly mean: number; readonly absolute: number; readonly squared: number };
}

export function errors({ truth, predicted }: Pairs): Errors {
  const used = finite({ truth, predicted });
  const count = used.length;
  const off = Float64Array.from(used, (i) => predicted[i]! - truth[i]!);
  const mean = sum(used, (i) => truth[i]!) / count;
  const squares = sum(used, (i) => (truth[i]! - mean) ** 2);
  const squared = sum(off.keys(), (i) => off[i]! ** 2);
  const sizes = off.map(Math.abs).sort();
  return {
    samples: count,
    left: truth.length - count,
    absolute: sum(off.keys(), (i) => Math.abs(off[i]!)) / count,
    squared: Math.sqrt(squared / count),
    r2: squares ? 1 - squared / squares : NaN,
    lean: sum(off.keys(), (i) => off[i]!) / count,
    half: quantile(sizes, 0.5),
    most: quantile(sizes, 0.9),
    largest: sizes.at(-1) ?? NaN,
    baseline: {
      mean,
      absolute: sum(used, (i) => Math.abs(truth[i]! - mean)) / count,
      squared: Math.sqrt(squares / count),
    },
  };
}

/** Positions of the pairs that are finite. */
export function finite({ truth, predicted }: Pairs): number[] {
  const found: number[] = [];
  for (let i = 0; i < truth.length; i++)
    if (Number.isFinite(truth[i]) && Number.isFinite(predicted[i])) found.push(i);
  return found;
}

/** The samples with the largest absolute errors, the largest first; those that are not finite before all. */
export function farthest({ truth, predicted }: Pairs): number[] {
  const off = Float64Array.from({ length: truth.length }, (_, i) => {
    const error = Math.abs(predicted[i]! - truth[i]!);
    return Number.isNaN(error) ? Infinity : error;
  });
  return Array.from(off.keys()).sort((a, b) => (off[a] === off[b] ? a - b : off[b]! - off[a]!));
}

/**
 * A 95 % interval of the mean absolute error (normal approximation), and of how much smaller it is than that of
 * the mean: sample by sample, as both are known for each.
 */
export function uncertainty(pairs: Pairs): {
  low: number;
  high: number;
  gain: { low: number; high: number };
} {
  const used = finite(pairs);
  const { mean } = errors(pairs).baseline;
  const off = used.map((i) => Math.abs(pairs.predicted[i]! - pairs.truth[i]!));
  const better = used.map((i, at) => Math.abs(pairs.truth[i]! - mean) - off[at]!);
  const error = interval(off);
  return { low: Math.max(0, error.low), high: error.high, gain: interval(better) };
}

function interval(values: readonly number[]): { low: number; high: number } {
  const count = values.length;
  const mean = sum(values.keys(), (i) => values[i]!) / count;
  const variance = sum(values.keys(), (i) => (values[i]! - mean) ** 2) / Math.max(1, count - 1);
  const reach = 1.959963984540054 * Math.sqrt(variance / count);
  return { low: mean - reach, high: mean + reach };
}

export interface Bar {
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
}

/** Counts of found minus true, with round limits; 0 is a limit. */
export function residuals(pairs: Pairs, bars = 20): Bar[] {
  const off = finite(pairs).map((i) => pairs.predicted[i]! - pairs.truth[i]!);
  if (!off.length) return [];
  const [, reach] = extent(off.map(Math.abs));
  if (!reach) return [{ lower: 0, upper: 0, count: off.length }];
  const [zero, next] = ticks(0, reach, bars / 2) as [number, number];
  const step = next - zero;
  const side = Math.ceil(reach / step);
  const counts = new Array<number>(2 * side).fill(0);
  for (const error of off) {
    const bar = Math.min(2 * side - 1, Math.floor(error / step) + side);
    counts[bar] = counts[bar]! + 1;
  }
  return counts.map((count, i) => ({ lower: (i - side) * step, upper: (i - side + 1) * step, count }));
}

/** Interpolated between the two nearest of sorted values; NaN of none. */
function quantile(sorted: Float64Array, share: number): number {
  const at = (sorted.length - 1) * share;
  const [low, high] = [sorted[Math.floor(at)] ?? NaN, sorted[Math.ceil(at)] ?? NaN];
  return low + (high - low) * (at % 1);
}

function sum(places: Iterable<number>, value: (place: number) => number): number {
  let total = 0;
  for (const place of places) total += value(place);
  return total;
}
