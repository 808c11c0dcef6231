import { describe, expect, it } from 'vitest';
import { barLength, faces, grid, longestSide, side, solidOf } from './shapes.ts';

const scale = { longest: 224, zoom: 1, lying: false };

describe('sizes', () => {
  it.each([[[224, 224, 3]], [[1, 1, 2048]], [[9216]], [[1]], [[500, 128]], [[4, 1]]])('%j fits', (shape) => {
    const { width, height } = solidOf(shape, scale);
    expect(width).toBeGreaterThanOrEqual(7);
    expect(width).toBeLessThanOrEqual(150);
    expect(height).toBeGreaterThanOrEqual(7);
    expect(height).toBeLessThanOrEqual(210);
  });

  it('grow with what they stand for', () => {
    const lengths = [1, 2, 10, 12, 13, 128, 1024, 9216].map(barLength);
    expect(lengths).toEqual([...lengths].sort((a, b) => a - b));
    expect(side(14, 28)).toBeLessThan(side(28, 28));
    expect(side(28, 28)).toBe(92);
  });

  it('have one cell for each of few numbers, and fewer for many', () => {
    expect(solidOf([10], scale)).toMatchObject({ kind: 'bar', cells: 10, exact: true });
    expect(solidOf([9216], scale)).toMatchObject({ exact: false });
  });

  it('of a network follow its largest picture', () => {
    expect(longestSide([[28, 28, 1], [10], null, [96, 64, 3]])).toBe(96);
    expect(longestSide([[4]])).toBe(8);
  });
});

describe('drawing', () => {
  it('closes the faces of a cuboid', () => {
    const solid = solidOf([28, 28, 32], scale);
    if (solid.kind !== 'volume') throw new Error('a picture is a volume');
    const { top, end } = faces(solid);
    expect(top.match(/[ML]/g)).toHaveLength(4);
    expect(end.endsWith('Z')).toBe(true);
  });

  it('has lines between cells', () => {
    const bar = solidOf([10], scale);
    if (bar.kind !== 'bar') throw new Error('a row of numbers is a bar');
    expect(grid(bar).match(/M/g)).toHaveLength(9);
    expect(solidOf(null, scale).kind).toBe('nothing');
  });
});
