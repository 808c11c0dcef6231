import { describe, expect, it } from 'vitest';
import { heat, ranked, reach, span, strongest, thirds, type Hidden } from './occlusion.ts';

/** Patches of 2 x 2 on a picture of 3 x 4, which overlap. */
const patches: Hidden = {
  size: [2, 2],
  starts: [
    [0, 1],
    [0, 2],
  ],
  values: [0.7, 0.2, 0.1],
  maps: [
    [0.6, 0, 0.2, -0.1],
    [-0.5, 0, -0.1, 0.1],
    [-0.1, 0, -0.1, 0],
  ],
};

describe('span', () => {
  it('of patches, in row-major order', () => {
    expect(span(patches, 1)).toEqual({ start: [0, 2], end: [2, 4] });
    expect(span(patches, 2)).toEqual({ start: [1, 0], end: [3, 2] });
  });
  it('of windows', () =>
    expect(span({ ...patches, size: [3], starts: [[0, 2, 4]] }, 2)).toEqual({ start: [4], end: [7] }));
});

describe('heat', () => {
  it('is the mean of the parts that cover a place', () => {
    const found = heat(patches, patches.maps[0]!, [3, 4]);
    expect(Array.from(found)).toEqual(
      [0.6, 0.6, 0, 0, 0.4, 0.4, -0.05, -0.05, 0.2, 0.2, -0.1, -0.1].map((value) => expect.closeTo(value, 6)),
    );
  });
  it('of windows, 0 where none is', () => {
    const windows = { ...patches, size: [2], starts: [[0, 2]] };
    expect(Array.from(heat(windows, [1, -1], [5]))).toEqual([1, 1, -1, -1, 0]);
  });
});

describe('strongest', () => {
  it('says what leads instead', () => {
    const found = strongest(patches, 0);
    expect(found.for).toEqual({ part: 0, before: 0.7, after: expect.closeTo(0.1, 9) as number, leads: 1 });
    expect(found.against).toMatchObject({ part: 3, leads: 0 });
    expect(found.against!.after).toBeCloseTo(0.8, 9);
  });
  it('is nothing where nothing matters', () =>
    expect(strongest({ ...patches, maps: [[0.001, -0.001]], values: [0.9] }, 0)).toEqual({
      for: null,
      against: null,
    }));
  it('is nothing without parts', () =>
    expect(strongest({ ...patches, maps: [[]], values: [0] }, 0)).toEqual({ for: null, against: null }));
  it('measures a regression by its value', () => {
    const found = strongest({ ...patches, maps: [[20, -1]], values: [150] }, 0);
    expect(found.for).toMatchObject({ part: 0, after: 130 });
    expect(found.against).toBeNull();
  });
});

it('names thirds of the sides', () => {
  expect(thirds({ start: [0, 24], end: [4, 28] }, [28, 28])).toEqual([0, 2]);
  expect(thirds({ start: [12], end: [16] }, [28])).toEqual([1]);
  expect(thirds({ start: [0], end: [1] }, [1])).toEqual([1]);
});

it('ranks by size, not by sign', () => {
  expect(ranked([0.1, -0.5, 0.1])).toEqual([1, 0, 2]);
  expect(reach([0.1, -0.5])).toBe(0.5);
  expect(reach([])).toBeGreaterThan(0);
});
