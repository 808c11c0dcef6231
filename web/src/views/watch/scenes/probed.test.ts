import { describe, expect, it } from 'vitest';
import type { FilmHeader, Frame } from '../../../film/film.ts';
import { densities, outline, typicalSize } from './histogram.ts';
import { history, inOrder, meanError, probeAnswers } from './probed.ts';

const header = (labels: string[], outputs: number): FilmHeader => ({
  parts: [{ name: 'probes', shape: [2, outputs], kind: 'float16' }],
  name: 'n',
  task: 'classification',
  labels,
  epochs: 1,
  steps_per_epoch: 1,
  probes: [7, 3],
});
const frame = (...values: number[]): Frame => ({ part: () => Float32Array.from(values) }) as unknown as Frame;

describe('probes', () => {
  it('are in the order of the film', () => {
    const page = { ids: [3, 7, 9], targets: [1, 0, 0], values: [['three'], ['seven'], ['nine']] };
    expect(inOrder(header(['a', 'b'], 1), page).map(({ id, target }) => [id, target])).toEqual([
      [7, 0],
      [3, 1],
    ]);
    expect(inOrder(header(['a', 'b'], 1), null)).toEqual([]);
  });
  it('have both probabilities of two classes', () => {
    const [first, second] = probeAnswers(header(['a', 'b'], 1), frame(0.25, 0.75));
    expect(first).toEqual({ probabilities: [0.75, 0.25], answer: 0 });
    expect(second!.answer).toBe(1);
  });
  it('have a history', () => {
    const frames = [frame(0.25, 0.75), frame(0.5, 1)];
    expect(history(header(['a', 'b'], 1), frames, 1, 1)).toEqual([0.75, 1]);
    expect(history(header(['a', 'b'], 1), frames, 0, 0)).toEqual([0.75, 0.5]);
    const three = header(['a', 'b', 'c'], 3);
    expect(history(three, [frame(0.5, 0.25, 0.25, 0, 1, 0)], 1, 1)).toEqual([1]);
  });
  it('of a regression have a mean error', () => expect(meanError([1, 4], [2, 2])).toBe(1.5));
});

describe('histograms', () => {
  const bins = { shares: Float32Array.of(0.5, 0.5), low: -1, high: 1 };
  it('have densities that do not depend on the width of bins', () => {
    expect([...densities(bins)]).toEqual([0.5, 0.5]);
    expect([...densities({ ...bins, low: -2, high: 2 })]).toEqual([0.25, 0.25]);
  });
  it('have an outline', () =>
    expect(outline(bins, -2, 2, 0.5, 100, 10)).toBe('M25.00,10V0.00H50.00V0.00H75.00V10'));
  it('have a typical size', () => expect(typicalSize(bins)).toBeCloseTo(0.5));
});
