import { describe, expect, it } from 'vitest';
import { horizontal, horizontalTicks, roundNumbers, vertical } from './scales.ts';

describe('the horizontal axis', () => {
  it('goes from the start to the end, both ways', () => {
    for (const spacing of ['even', 'log'] as const) {
      const scale = horizontal(200, 1000, spacing);
      expect(scale(0)).toBe(0);
      expect(scale(200)).toBeCloseTo(1000);
      for (const epoch of [1, 31, 143]) expect(scale.invert(scale(epoch))).toBeCloseTo(epoch);
    }
  });
  it('gives early epochs more room by logarithm', () => {
    const scale = horizontal(200, 1000, 'log');
    expect(scale(1)).toBeGreaterThan(120);
    expect(scale(100) - scale(50)).toBeCloseTo(scale(200) - scale(100), -1);
  });
  it('has round ticks that do not touch', () => {
    const log = horizontal(200, 1300, 'log');
    expect(horizontalTicks(log, 200, 1300, 'log', 'epoch')).toEqual([1, 2, 5, 10, 20, 50, 100]);
    const even = horizontal(200, 1300, 'even');
    const ticks = horizontalTicks(even, 200, 1300, 'even', 'epoch');
    expect(ticks).toContain(100);
    for (let i = 1; i < ticks.length; i++)
      expect(even(ticks[i]!) - even(ticks[i - 1]!)).toBeGreaterThanOrEqual(70);
    expect(horizontalTicks(horizontal(3, 400, 'even'), 3, 400, 'even', 'epoch')).toEqual([1, 2]);
    expect(horizontalTicks(horizontal(1, 800, 'even'), 1, 800, 'even', 'share')).toContain(0.5);
  });
});

describe('the vertical axis', () => {
  it('is logarithmic where values differ much', () => {
    const { log, ticks, scale } = vertical([0.7, 0.3, 0.02], 0, 100);
    expect(log).toBe(true);
    expect(ticks).toEqual([0.02, 0.05, 0.1, 0.2, 0.5]);
    expect(scale(0.02)).toBeLessThan(100);
    expect(scale(0.7)).toBeGreaterThan(0);
  });
  it('is even otherwise, for shares, and where a value is not positive', () => {
    expect(vertical([0.5, 0.4], 0, 100).log).toBe(false);
    expect(vertical([0.01, 0.99], 0, 100, true).log).toBe(false);
    expect(vertical([0, 5, 100], 0, 100).log).toBe(false);
  });
  it('ends at 1 for shares', () => expect(vertical([0.2, 0.9], 0, 100, true).ticks.at(-1)).toBe(1));
  it('bears gaps, one value, and none', () => {
    expect(vertical([NaN, 0.5, Infinity], 0, 100).scale(0.5)).toBeCloseTo(50);
    expect(vertical([], 0, 100).ticks.length).toBeGreaterThan(1);
    expect(vertical([0], 0, 100).scale(0)).toBeCloseTo(50);
  });
  it('knows round numbers', () => {
    expect(roundNumbers(0.02, 0.7)).toEqual([0.02, 0.05, 0.1, 0.2, 0.5]);
    expect(roundNumbers(0, 5)).toEqual([]);
  });
});
