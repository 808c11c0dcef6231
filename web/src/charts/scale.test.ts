import { describe, expect, it } from 'vitest';
import { linear, logarithmic, logarithmicFromZero, ticks } from './scale.ts';

describe('scales', () => {
  it('go from values to pixels, and back', () => {
    for (const scale of [
      linear([2, 50], [10, 210]),
      linear([2, 50], [210, 10]),
      logarithmic([2, 50], [10, 210]),
      logarithmicFromZero([0, 50], [10, 210], 3),
    ])
      for (const value of [2, 7.5, 49, 50]) expect(scale.invert(scale(value))).toBeCloseTo(value, 9);
  });

  it('equal known values', () => {
    const even = linear([-1, 3], [300, 100]);
    expect([-2, -1, 0, 3].map(even)).toEqual([350, 300, 250, 100]);
    const log = logarithmic([0.1, 1000], [0, 400]);
    [0.1, 1, 10, 1000].forEach((value, i) => expect(log(value)).toBeCloseTo([0, 100, 200, 400][i]!, 9));
    const both = logarithmicFromZero([0, 99], [0, 100], 1);
    [0, 9, 99].forEach((value, i) => expect(both(value)).toBeCloseTo([0, 50, 100][i]!, 9));
  });

  it('put equal ends into the middle', () => expect(linear([4, 4], [0, 100])(4)).toBe(50));
  it('keep gaps', () => expect(linear([0, 1], [0, 100])(NaN)).toBeNaN());
});

describe('ticks', () => {
  it.each([
    [0, 1, 5, [0, 0.2, 0.4, 0.6, 0.8, 1]],
    [0, 0.3, 5, [0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3]],
    [-3.7, 12.1, 5, [-2, 0, 2, 4, 6, 8, 10, 12]],
    [0, 97, 10, [0, 10, 20, 30, 40, 50, 60, 70, 80, 90]],
    [1e-7, 5e-7, 4, [1e-7, 2e-7, 3e-7, 4e-7, 5e-7]],
    [-0.02, 0.055, 5, [-0.02, 0, 0.02, 0.04]],
    [123456, 123460, 5, [123456, 123457, 123458, 123459, 123460]],
    [0, 1e9, 3, [0, 5e8, 1e9]],
    [0, 0.7, 3, [0, 0.2, 0.4, 0.6]],
    [5, 5, 5, [5]],
    [5, 4, 5, []],
    [0, NaN, 5, []],
    [0, Infinity, 5, []],
  ])('from %d to %d, about %d', (low, high, count, wanted) =>
    expect(ticks(low, high, count)).toEqual(wanted),
  );
});
