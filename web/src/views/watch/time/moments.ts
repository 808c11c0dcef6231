/** What the numbers say at a moment of a training. */

import type { Schemas } from '../../../api/client.ts';
import { epochBefore, isShare } from './series.ts';

export interface Told {
  readonly metric: string;
  readonly value: number;
  /** On which data: all test samples at the end, validation data or training data after an epoch. */
  readonly of: 'test' | 'validation' | 'training';
  readonly epoch: number;
}

interface Known {
  readonly epochs: readonly Schemas['EpochEnded'][];
  readonly trained: Schemas['Trained'] | null;
}

/**
 * How good the network is at a moment: an accuracy, or for a regression an error. Test data if this is the end,
 * else validation data, else training data; null before the first epoch is complete.
 */
export function skillAt(run: Known, step: number, stepsPerEpoch: number, isEnd: boolean): Told | null {
  const { trained } = run;
  if (isEnd && trained) {
    const metric = skillOf(trained.metrics);
    const value = metric === null ? null : trained.metrics[metric];
    if (metric !== null && typeof value === 'number')
      return { metric, value, of: 'test', epoch: trained.epochs };
  }
  const epoch = epochBefore(run.epochs, step, stepsPerEpoch);
  if (!epoch) return null;
  for (const of of ['validation', 'training'] as const) {
    const prefix = of === 'validation' ? 'val_' : '';
    const metric = skillOf(epoch.metrics, prefix);
    const value = metric === null ? null : epoch.metrics[prefix + metric];
    if (metric !== null && typeof value === 'number') return { metric, value, of, epoch: epoch.epoch };
  }
  return null;
}

/** The metric that says most to people: an accuracy, else the first that is not the loss. */
function skillOf(metrics: Readonly<Record<string, number | null>>, prefix = ''): string | null {
  const names = Object.keys(metrics)
    .filter((name) => name.startsWith(prefix) && (prefix !== '' || !name.startsWith('val_')))
    .map((name) => name.slice(prefix.length))
    .filter((name) => name !== 'loss');
  return names.find(isShare) ?? names[0] ?? null;
}

/**
 * The loss at a moment: of the steps before the frame, or of the epoch if the frame does not know. NaN for weights
 * that were restored: the loss before them is that of others.
 */
export function lossAt(
  run: Known,
  frameLoss: number,
  step: number,
  stepsPerEpoch: number,
  isRestored = false,
): number {
  if (isRestored) return NaN;
  if (Number.isFinite(frameLoss)) return frameLoss;
  return epochBefore(run.epochs, step, stepsPerEpoch)?.metrics['loss'] ?? NaN;
}

/** The rows of the table twin of the curves: one for each epoch. */
export function rowsOf(
  epochs: readonly Schemas['EpochEnded'][],
  metrics: readonly string[],
  number: (value: number) => string,
): (string | number)[][] {
  return epochs.map((epoch) => [
    epoch.epoch,
    ...metrics.map((metric) => {
      const value = epoch.metrics[metric];
      return typeof value === 'number' ? number(value) : '–';
    }),
    number(epoch.learning_rate),
  ]);
}
