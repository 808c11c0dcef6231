import { describe, expect, it } from 'vitest';
import { points, swept } from './curve.ts';
import { featuresOf, named, stepOf, typed } from './features.ts';

it('named', () => {
  expect(named('petal width (cm)')).toEqual({ name: 'petal width', unit: 'cm' });
  expect(named('mean radius')).toEqual({ name: 'mean radius', unit: '' });
});

describe('featuresOf', () => {
  it('has the range of the samples with some room, and round steps', () => {
    const [length] = featuresOf(['petal length (cm)'], [[1], [6.9], [4]]);
    expect(length).toMatchObject({ name: 'petal length', step: 0.05, seen: [1, 6.9] });
    expect(length!.low).toBeLessThan(1);
    expect(length!.low).toBeGreaterThan(0.3);
    expect(length!.high).toBeCloseTo(7.5, 1);
  });

  it('begins at 0 what begins near it', () => {
    expect(featuresOf(['width'], [[0.1], [2.5]])[0]!.low).toBe(0);
  });

  it('has a range where all samples are the same, or none are there', () => {
    for (const samples of [[[3], [3]], []] as number[][][]) {
      const [feature] = featuresOf(['x'], samples);
      expect(feature!.high).toBeGreaterThan(feature!.low);
    }
  });
});

it.each([
  [1, 0.01],
  [5.9, 0.05],
  [1000, 10],
  [2.4, 0.02],
])('stepOf %f', (range, step) => {
  expect(stepOf(range)).toBe(step);
});

it.each([
  ['1,5', 1.5],
  [' -2.25 ', -2.25],
  ['1e3', 1000],
  ['', null],
  ['1.2.3', null],
  ['1e99', null],
])('typed %s', (text, value) => {
  expect(typed(text)).toBe(value);
});

describe('curves', () => {
  it('leave out no step between two places', () => {
    const values = new Float32Array(6);
    const found = swept(values, 1, 0, { step: 1, value: 0 }, { step: 4, value: 3 });
    expect([...found]).toEqual([0, 0, 1, 2, 3, 0]);
    expect([...swept(values, 1, 0, { step: 4, value: 3 }, { step: 1, value: 0 })]).toEqual([...found]);
    expect([...values]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('change one feature, and stay inside', () => {
    const found = swept(new Float32Array(4), 2, 1, null, { step: 1, value: 5 });
    expect([...found]).toEqual([0, 0, 0, 5]);
    expect([...swept(new Float32Array(2), 1, 0, null, { step: 9, value: 5 })]).toEqual([0, 0]);
  });

  it('are points of a line', () => {
    expect(points([0, 1, 0.5], 1, 0, [0, 1], 100, 10)).toBe('0.0,10.0 50.0,0.0 100.0,5.0');
  });
});
