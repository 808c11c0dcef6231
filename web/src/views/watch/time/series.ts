/** The curves of a run: what its epochs and its single steps say. */

import type { Points } from './curve.ts';

export interface Series {
  /** The metric without `val_`: `loss`, `accuracy`, `mean_absolute_error`. */
  readonly metric: string;
  /** On training data, on validation data, or of single training steps. */
  readonly of: 'training' | 'validation' | 'steps';
  /** Places in steps, and values; NaN for what is not finite. */
  readonly points: Points;
}

interface Told {
  readonly epochs: readonly {
    readonly epoch: number;
    readonly metrics: Readonly<Record<string, number | null>>;
  }[];
  readonly losses: { readonly every: number; readonly values: ArrayLike<number> };
}

/** The curves of one metric, faintest first. `stepsPerEpoch` places epochs at their ends; the last at `end`. */
export function seriesOf(run: Told, metric: string, stepsPerEpoch: number, end: number): Series[] {
  const found: Series[] = [];
  const { values, every } = run.losses;
  if (metric === 'loss' && values.length > 1) {
    const x = Float32Array.from(values, (_, i) => Math.min((i + 1) * every, end));
    found.push({ metric, of: 'steps', points: { x, y: values } });
  }
  const x = run.epochs.map(({ epoch }) => Math.min(epoch * stepsPerEpoch, end));
  for (const of of ['training', 'validation'] as const) {
    const key = of === 'training' ? metric : `val_${metric}`;
    const y = run.epochs.map(({ metrics }) => metrics[key] ?? NaN);
    if (y.some(Number.isFinite)) found.push({ metric, of, points: { x, y } });
  }
  return found;
}

/** The metrics that epochs name, the loss first. */
export function metricsOf(run: Pick<Told, 'epochs'>): string[] {
  const names = new Set(['loss']);
  for (const name of Object.keys(run.epochs.at(-1)?.metrics ?? {})) names.add(name.replace(/^val_/, ''));
  return [...names];
}

/** Whether a metric is a share from 0 to 1, such as an accuracy. */
export function isShare(metric: string): boolean {
  return /accuracy|precision|recall|auc|f1/.test(metric);
}

export interface Epoch {
  readonly epoch: number;
  readonly metrics: Readonly<Record<string, number | null>>;
}

/** The last epoch that was complete after a number of steps; null in the first one. */
export function epochBefore<E extends Epoch>(
  epochs: readonly E[],
  step: number,
  stepsPerEpoch: number,
): E | null {
  const complete = Math.floor(step / Math.max(1, stepsPerEpoch));
  const found = epochs[Math.min(complete, epochs.length) - 1];
  return found ?? null;
}
