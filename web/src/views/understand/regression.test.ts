import { describe, expect, it } from 'vitest';
import known from './fixtures/measures.json';
import { errors, farthest, residuals, uncertainty } from './regression.ts';

describe('errors', () => {
  it('equal scikit-learn and NumPy', () => {
    const found = errors(known.regression);
    const { mae, rmse, r2, mae0, rmse0, half, most } = known.regression;
    expect(found.absolute).toBeCloseTo(mae, 9);
    expect(found.squared).toBeCloseTo(rmse, 9);
    expect(found.r2).toBeCloseTo(r2, 9);
    expect(found.baseline.absolute).toBeCloseTo(mae0, 9);
    expect(found.baseline.squared).toBeCloseTo(rmse0, 9);
    expect([found.half, found.most]).toEqual([expect.closeTo(half, 9), expect.closeTo(most, 9)]);
  });

  it('leave out what is not finite, and count it', () => {
    const found = errors({ truth: [1, 2, 3], predicted: [1, NaN, 5] });
    expect(found).toMatchObject({ samples: 2, left: 1, absolute: 1, largest: 2 });
  });

  it('have no R² if all targets are equal, and are NaN without samples', () => {
    expect(errors({ truth: [2, 2], predicted: [1, 3] }).r2).toBeNaN();
    expect(errors({ truth: [], predicted: [] }).absolute).toBeNaN();
  });
});

describe('farthest', () => {
  it('sorts by error, NaN first, ties in their order', () =>
    expect(farthest({ truth: [0, 0, 0, 0], predicted: [1, -3, NaN, 3] })).toEqual([2, 1, 3, 0]));
});

describe('uncertainty', () => {
  it('is wide for few samples, and the gain is not clear', () => {
    const { gain } = uncertainty({ truth: [1, 2, 3, 4], predicted: [2, 2, 2, 4] });
    expect(gain.low).toBeLessThan(0);
    expect(gain.high).toBeGreaterThan(0);
  });
  it('is narrow where a model is clearly better', () =>
    expect(uncertainty(known.regression).gain.low).toBeGreaterThan(0));
});

describe('residuals', () => {
  it('counts every sample once, with 0 as a limit', () => {
    const bars = residuals(known.regression);
    expect(bars.reduce((sum, bar) => sum + bar.count, 0)).toBe(known.regression.truth.length);
    expect(bars.some((bar) => bar.lower === 0)).toBe(true);
    bars.slice(1).forEach((bar, i) => expect(bar.lower).toBeCloseTo(bars[i]!.upper, 9));
  });
  it('counts the largest error, too, where it is a limit', () => {
    const bars = residuals({ truth: [0, 0, 0], predicted: [-1, 0.25, 1] });
    expect(bars.reduce((sum, bar) => sum + bar.count, 0)).toBe(3);
    expect([bars[0]!.lower, bars.at(-1)!.upper]).toEqual([-1, 1]);
  });
  it('of exact answers are one bar, of none no bar', () => {
    expect(residuals({ truth: [1, 2], predicted: [1, 2] })).toEqual([{ lower: 0, upper: 0, count: 2 }]);
    expect(residuals({ truth: [], predicted: [] })).toEqual([]);
  });
});
