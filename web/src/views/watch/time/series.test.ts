import { describe, expect, it } from 'vitest';
import { epochBefore, isShare, metricsOf, seriesOf } from './series.ts';

const epochs = [
  { epoch: 1, metrics: { loss: 1, accuracy: 0.5, val_loss: 1.1, val_accuracy: 0.4 } },
  { epoch: 2, metrics: { loss: 0.5, accuracy: 0.7, val_loss: null, val_accuracy: 0.6 } },
];
const run = { epochs, losses: { every: 2, values: [1.5, 1.2, 0.9, 0.8, 0.6] } };

describe('seriesOf', () => {
  it('has steps, training and validation', () => {
    const [steps, training, validation] = seriesOf(run, 'loss', 5, 9);
    expect([...(steps!.points.x as Float32Array)]).toEqual([2, 4, 6, 8, 9]);
    expect(training!.points).toEqual({ x: [5, 9], y: [1, 0.5] });
    expect(validation!.points.y).toEqual([1.1, NaN]);
  });
  it('has steps of the loss only', () =>
    expect(seriesOf(run, 'accuracy', 5, 10).map(({ of }) => of)).toEqual(['training', 'validation']));
  it('is empty at the start', () =>
    expect(seriesOf({ epochs: [], losses: { every: 1, values: [] } }, 'loss', 5, 10)).toEqual([]));
});

it('names metrics once, the loss first', () => expect(metricsOf(run)).toEqual(['loss', 'accuracy']));
it('knows shares', () =>
  expect(['accuracy', 'loss', 'mean_absolute_error'].map(isShare)).toEqual([true, false, false]));

it('finds the last complete epoch', () => {
  expect([0, 4, 5, 9, 10, 11, 99].map((step) => epochBefore(epochs, step, 5)?.epoch ?? 0)).toEqual([
    0, 0, 1, 1, 2, 2, 2,
  ]);
});
