import { describe, expect, it } from 'vitest';
import { bars, difference, said } from './answers.ts';

const DIGITS = ['0', '1', '2'];

describe('said', () => {
  it('names the most probable label', () => {
    expect(said(DIGITS, [0.1, 0.8, 0.1])).toEqual({ label: '1', share: 0.8, or: null });
  });

  it('names a second one with at least half of its probability', () => {
    expect(said(DIGITS, [0.4, 0.2, 0.4])).toEqual({ label: '0', share: 0.4, or: '2' });
    expect(said(DIGITS, [0.6, 0.3, 0.1])).toMatchObject({ or: '1' });
    expect(said(DIGITS, [0.62, 0.3, 0.08])).toMatchObject({ or: null });
  });

  it('says nothing without labels', () => {
    expect(said([], [])).toBeNull();
  });
});

describe('difference', () => {
  it('is the largest one, and whether the labels are the same', () => {
    const found = difference([0.9, 0.1], [0.897, 0.103], true);
    expect(found.agree).toBe(true);
    expect(found.largest).toBeCloseTo(0.003);
    expect(difference([0.6, 0.4], [0.4, 0.6], true).agree).toBe(false);
    expect(difference([3.5], [4], false)).toMatchObject({ agree: true, largest: 0.5, at: 0 });
  });
});

describe('bars', () => {
  it('are all of a few labels', () => {
    expect(bars(DIGITS, [1, 0, 0], 10)).toEqual({ indices: [0, 1, 2], rest: 0 });
  });

  it('are the most probable ones of many', () => {
    const { indices, rest } = bars(['a', 'b', 'c', 'd'], [0.1, 0.5, 0.05, 0.35], 3);
    expect(indices).toEqual([1, 3]);
    expect(rest).toBeCloseTo(0.15);
  });
});
