import { describe, expect, it } from 'vitest';
import { lossAt, rowsOf, skillAt } from './moments.ts';

const epoch = (number: number, metrics: Record<string, number | null>) => ({
  type: 'epoch' as const,
  time: '',
  epoch: number,
  epochs: 3,
  metrics,
  learning_rate: 0.01,
  seconds: 1,
});
const epochs = [
  epoch(1, { loss: 1, accuracy: 0.5, val_loss: 1.1, val_accuracy: 0.4 }),
  epoch(2, { loss: 0.5, accuracy: 0.7, val_loss: null, val_accuracy: null }),
];
const trained = {
  type: 'trained' as const,
  accelerator: 'cpu',
  time: '',
  epochs: 2,
  stopped: null,
  metrics: { loss: 0.4, accuracy: 0.8 },
  seconds: 1,
};

describe('skillAt', () => {
  it('is of test data at the end', () =>
    expect(skillAt({ epochs, trained }, 10, 5, true)).toMatchObject({ value: 0.8, of: 'test' }));
  it('is of validation data in between, of the last complete epoch', () =>
    expect(skillAt({ epochs, trained }, 7, 5, false)).toMatchObject({
      metric: 'accuracy',
      value: 0.4,
      of: 'validation',
      epoch: 1,
    }));
  it('is of training data where there is nothing else', () =>
    expect(skillAt({ epochs, trained: null }, 10, 5, true)).toMatchObject({
      value: 0.7,
      of: 'training',
      epoch: 2,
    }));
  it('is nothing in the first epoch', () =>
    expect(skillAt({ epochs, trained: null }, 4, 5, false)).toBeNull());
  it('is an error for a regression', () => {
    const one = [epoch(1, { loss: 2, mean_absolute_error: 1.2 })];
    expect(skillAt({ epochs: one, trained: null }, 5, 5, false)).toMatchObject({
      metric: 'mean_absolute_error',
      value: 1.2,
    });
  });
});

it('takes the loss of the frame, else of the epoch', () => {
  expect(lossAt({ epochs, trained }, 0.3, 10, 5)).toBe(0.3);
  expect(lossAt({ epochs, trained }, NaN, 10, 5)).toBe(0.5);
  expect(lossAt({ epochs, trained }, NaN, 0, 5)).toBeNaN();
  expect(lossAt({ epochs, trained }, NaN, 11, 5, true)).toBeNaN();
});

it('has a row for each epoch', () =>
  expect(rowsOf(epochs, ['loss', 'val_loss'], String)).toEqual([
    [1, '1', '1.1', '0.01'],
    [2, '0.5', '–', '0.01'],
  ]));
