import { describe, expect, it } from 'vitest';
import { extremes, pathOf, valueAt } from './curve.ts';

const same = (value: number): number => value;

describe('pathOf', () => {
  it('joins points and leaves gaps', () =>
    expect(pathOf({ x: [0, 1, 2, 3], y: [1, 2, NaN, 4] }, same, same)).toBe('M0.0,1.0L1.0,2.0M3.0,4.0'));
  it('is empty without points', () => expect(pathOf({ x: [], y: [] }, same, same)).toBe(''));
  it('draws at most two points a pixel, and loses no peak', () => {
    const many = 10_000;
    const x = Float32Array.from({ length: many }, (_, i) => i);
    const y = Float32Array.from({ length: many }, (_, i) => Math.sin(i * 12.9898) * 0.1 + 1);
    y[7777] = 9;
    y[123] = -9;
    const path = pathOf({ x, y }, (value) => (value / many) * 500, same, 500);
    expect(path.split(/[ML]/).length - 1).toBeLessThanOrEqual(1000);
    expect(path).toContain(',9.0');
    expect(path).toContain(',-9.0');
  });
});

describe('extremes', () => {
  it('keeps lowest and highest of each pixel in their order', () =>
    expect(extremes({ x: [0, 0.1, 0.2, 0.3, 1, 1.5], y: [3, 9, 1, 2, 5, NaN] }, same)).toEqual([1, 2, 4]));
  it('keeps one gap of a pixel without values', () =>
    expect(extremes({ x: [0, 0.5, 1], y: [NaN, NaN, 1] }, same)).toEqual([1, 2]));
});

describe('valueAt', () => {
  it('is that of the last point before', () => {
    const points = { x: [1, 2, 3], y: [10, 20, 30] };
    expect([0.5, 1, 2.9, 99].map((place) => valueAt(points, place))).toEqual([NaN, 10, 20, 30]);
  });
});
