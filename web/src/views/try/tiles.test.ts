import { describe, expect, it } from 'vitest';
import { LIGHT } from '../../charts/colours.ts';
import { score, shades, strip, tiles } from './tiles.ts';

const hex = (colour: number): string => (colour >>> 0).toString(16);
/** A table that keeps the bytes. */
const bytes = Int32Array.from({ length: 256 }, (_, i) => i);

describe('shades', () => {
  it('are blue above 0 and orange below, on one scale', () => {
    const colours = shades(-1, 2, LIGHT);
    expect(hex(colours[255]!)).toBe('ffd45835'); // alpha, blue, green, red of #3558d4
    expect(hex(colours[85]!)).toBe('fffafcfc'); // 0 is paper
    expect(hex(colours[0]!)).not.toBe('ff3a83e8'); // half orange
    expect(hex(shades(-2, 0, LIGHT)[0]!)).toBe('ff3a83e8');
  });

  it('are paper for a layer that is 0 everywhere', () => {
    expect(new Set(shades(0, 0, LIGHT)).size).toBe(1);
  });
});

it('tiles', () => {
  // Maps of 1 by 2 pixels: map 0 has 1 and 2, map 1 has 3 and 4, map 2 has 5 and 6.
  const picture = tiles(Uint8Array.of(1, 3, 5, 2, 4, 6), [1, 2, 3], [0, 1, 2], bytes, {
    columns: 2,
    tile: 4,
    gap: 2,
    frame: 1,
    colour: [9, 0, 0],
  });
  expect([picture.width, picture.height]).toEqual([14, 10]);
  const rows = Array.from({ length: 10 }, (_, y) =>
    [...picture.pixels.slice(14 * y, 14 * y + 14)].map((pixel) => pixel & 15).join(''),
  );
  expect(rows).toEqual([
    '00000000000000',
    '09999999999990',
    '09112299334490',
    '09112299334490',
    '09999999999990',
    '09999990000000',
    '09556690000000',
    '09556690000000',
    '09999990000000',
    '00000000000000',
  ]);
});

it('strip', () => {
  const picture = strip(Uint8Array.of(7, 8, 9), 3, 2, bytes);
  expect([picture.width, picture.height, ...picture.pixels]).toEqual([2, 2, 7, 8, 9, 0]);
});

it('score', () => {
  const picture = score(Uint8Array.of(1, 2, 3, 4, 5, 6), [3, 2], [1], bytes);
  expect([picture.width, picture.height, ...picture.pixels]).toEqual([3, 1, 2, 4, 6]);
});
