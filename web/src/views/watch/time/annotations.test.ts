import { describe, expect, it } from 'vitest';
import { annotationsOf, type EpochFacts } from './annotations.ts';

function epochs(losses: number[], held?: number[], rate: (i: number) => number = () => 0.01): EpochFacts[] {
  return losses.map((loss, i) => ({
    epoch: i + 1,
    metrics: { loss, ...(held ? { val_loss: held[i]! } : {}) },
    learning_rate: rate(i),
  }));
}
const steps = (many: number, value: (i: number) => number): number[] =>
  Array.from({ length: many }, (_, i) => value(i));
const kinds = (found: ReturnType<typeof annotationsOf>): string[] => found.map(({ kind }) => kind);

describe('the fastest fall', () => {
  it('is where a plateau ends', () => {
    const losses = steps(40, (i) =>
      i < 20 ? 0.69 - 0.001 * i : i < 24 ? 0.67 - 0.12 * (i - 19) : 0.19 - 0.002 * (i - 23),
    );
    const [fall] = annotationsOf({ epochs: epochs(losses) });
    expect(fall?.kind).toBe('fall');
    expect(fall!.epoch).toBeGreaterThanOrEqual(21);
    expect(fall!.epoch).toBeLessThanOrEqual(24);
  });
  it('is not told at the start, of a steady fall, or of few epochs', () => {
    expect(annotationsOf({ epochs: epochs(steps(40, (i) => 2 / (i + 1))) })).toEqual([]);
    expect(annotationsOf({ epochs: epochs(steps(40, (i) => 1 - 0.02 * i)) })).toEqual([]);
    expect(annotationsOf({ epochs: epochs([3, 3, 1, 1]) })).toEqual([]);
  });
  it('is not one odd epoch', () => {
    const losses = steps(40, (i) => 1 - 0.01 * i);
    losses[20] = 4;
    expect(annotationsOf({ epochs: epochs(losses) })).toEqual([]);
  });
});

describe('overfitting', () => {
  const own = steps(30, (i) => 1 / (i + 1));
  it('begins at the lowest validation loss', () => {
    const held = steps(30, (i) => 0.5 + (i - 10) ** 2 / 500);
    const [found] = annotationsOf({ epochs: epochs(own, held) });
    expect(found).toMatchObject({ kind: 'overfit', epoch: 11, lowest: 0.5 });
  });
  it('is not told while both fall, of a flat end, or of the last moment', () => {
    expect(
      annotationsOf({
        epochs: epochs(
          own,
          steps(30, (i) => 2 / (i + 1)),
        ),
      }),
    ).toEqual([]);
    expect(
      annotationsOf({
        epochs: epochs(
          own,
          steps(30, (i) => Math.max(0.5, 1 - 0.1 * i)),
        ),
      }),
    ).toEqual([]);
    expect(
      annotationsOf({
        epochs: epochs(
          own,
          steps(30, (i) => (i === 29 ? 2 : 1 - 0.01 * i)),
        ),
      }),
    ).toEqual([]);
  });
  it('is found in a thousand noisy epochs', () => {
    const noise = (i: number): number => 1 + 0.4 * Math.sin(i * 12.9898);
    const held = steps(1000, (i) => noise(i) * (0.5 + ((i - 400) / 400) ** 2));
    const falling = steps(1000, (i) => noise(i) / (i + 1));
    const found = annotationsOf({ epochs: epochs(falling, held) }).find(({ kind }) => kind === 'overfit');
    expect(found!.epoch).toBeGreaterThan(330);
    expect(found!.epoch).toBeLessThan(470);
  });
  it('is not told without validation data', () => expect(annotationsOf({ epochs: epochs(own) })).toEqual([]));
});

describe('learning rates', () => {
  const flat = steps(20, (i) => 1 - 0.01 * i);
  it('are told where they change once or twice', () => {
    const found = annotationsOf({ epochs: epochs(flat, undefined, (i) => (i < 8 ? 0.01 : 0.001)) });
    expect(found).toEqual([{ kind: 'rate', epoch: 8, from: 0.01, to: 0.001 }]);
  });
  it('are left out when a schedule changes them all the time', () =>
    expect(annotationsOf({ epochs: epochs(flat, undefined, (i) => 0.01 * 0.9 ** i) })).toEqual([]));
});

it('tells ends and interruptions in their order', () => {
  const found = annotationsOf({
    epochs: epochs(steps(20, (i) => 1 - 0.01 * i)),
    stopped: 'early_stopping',
    end: 20,
    restored: true,
    interruptions: [{ epoch: 7.5, attempt: 1 }],
  });
  expect(kinds(found)).toEqual(['interrupted', 'stopped']);
});
