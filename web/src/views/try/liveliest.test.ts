import { describe, expect, it } from 'vitest';
import { chosen, grid, liveliness } from './liveliest.ts';

// Three maps of 2 by 2: constant, a little lively, very lively; the last axis varies fastest.
const layer = { shape: [2, 2, 3], values: [1, 0, 0, 1, 1, 9, 1, 0, 0, 1, 1, 9] };

describe('liveliest', () => {
  it('measures how much the values of a map differ', () => {
    expect([...liveliness(layer)]).toEqual([0, 0.5, 4.5]);
  });

  it('keeps the order of the layer', () => {
    expect(chosen(liveliness(layer), 2)).toEqual([1, 2]);
  });

  it('takes the first of equal ones', () => {
    expect(chosen([1, 1, 1, 5], 2)).toEqual([0, 3]);
  });
});

it.each([
  [128, 4, 32],
  [10, 1, 10],
  [33, 2, 32],
  [0, 0, 1],
])('grid of %i', (count, rows, columns) => {
  expect(grid(count)).toEqual({ rows, columns });
});
