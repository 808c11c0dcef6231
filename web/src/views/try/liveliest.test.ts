import { describe, expect, it } from 'vitest';
import { chosen, extent, grid, liveliest, liveliness } from './liveliest.ts';

// Three maps of 2 by 2: constant, a little lively, very lively; the last axis varies fastest.
const layer = { shape: [2, 2, 3], values: [1, 0, 0, 1, 1, 9, 1, 0, 0, 1, 1, 9] };

describe('liveliest', () => {
  it('measures how much the values of a map differ', () => {
    expect([...liveliness(layer)]).toEqual([0, 0.5, 4.5]);
  });

  it('keeps the order of the layer', () => {
    const maps = liveliest(layer, 2);
    expect(maps.map((map) => map.index)).toEqual([1, 2]);
    expect(maps[1]).toMatchObject({ width: 2, height: 2 });
    expect([0, 1, 2, 3].map(maps[1]!.at)).toEqual([0, 9, 0, 9]);
  });

  it('takes the first of equal ones', () => {
    expect(chosen([1, 1, 1, 5], 2)).toEqual([0, 3]);
  });
});

it('extent', () => {
  expect(extent([3, -1, 2])).toEqual([-1, 3]);
  expect(extent([])).toEqual([0, 0]);
});

it.each([
  [128, 4, 32],
  [10, 1, 10],
  [33, 2, 32],
  [0, 0, 1],
])('grid of %i', (count, rows, columns) => {
  expect(grid(count)).toEqual({ rows, columns });
});
