import { describe, expect, it } from 'vitest';
import { centred, centreOfMass, formOf } from './centring.ts';
import digits from './fixtures/strokes.json' with { type: 'json' };
import { strokesOf, type Point, type Stroke } from './pencil.ts';

const MNIST = formOf(28);
const all = Object.entries(digits).map(([digit, text]) => [digit, strokesOf(text)] as const);
const moved = (strokes: readonly Stroke[], by: (point: Point) => Point): Stroke[] =>
  strokes.map((stroke) => stroke.map(by));

/** Rows and columns from the first to the last with ink. */
function inked(pixels: Uint8Array, side: number): { width: number; height: number } {
  const columns = [...pixels.keys()].filter((i) => pixels[i]).map((i) => i % side);
  const rows = [...pixels.keys()].filter((i) => pixels[i]).map((i) => Math.floor(i / side));
  return {
    width: Math.max(...columns) - Math.min(...columns) + 1,
    height: Math.max(...rows) - Math.min(...rows) + 1,
  };
}

describe('centred', () => {
  it.each(all)('puts the centre of mass of a %s in the middle', (_, strokes) => {
    const [x, y] = centreOfMass(centred(strokes, MNIST), 28);
    expect(x).toBeCloseTo(14, 0);
    expect(y).toBeCloseTo(14, 0);
    expect(Math.hypot(x - 14, y - 14)).toBeLessThan(0.15);
  });

  it.each(all)('fills the box of 20 pixels with a %s', (_, strokes) => {
    const { width, height } = inked(centred(strokes, MNIST), 28);
    // The edge may be in the middle of a pixel, on either side.
    expect(Math.max(width, height)).toBeGreaterThanOrEqual(20);
    expect(Math.max(width, height)).toBeLessThanOrEqual(21);
  });

  it('has as much ink as the digits of MNIST have on average, 104 pixels', () => {
    const ink = all.map(([, strokes]) => centred(strokes, MNIST).reduce((sum, one) => sum + one, 0) / 255);
    expect(ink.reduce((sum, one) => sum + one, 0) / ink.length).toBeGreaterThan(95);
    expect(ink.reduce((sum, one) => sum + one, 0) / ink.length).toBeLessThan(115);
  });

  it.each(all)('gives a %s the same pixels wherever and however large it is drawn', (_, strokes) => {
    const expected = centred(strokes, MNIST);
    for (const by of [
      ([x, y]: Point): Point => [x - 0.2, y - 0.15],
      ([x, y]: Point): Point => [x + 0.1, y + 0.3],
      ([x, y]: Point): Point => [0.6 + x / 4, 0.1 + y / 4],
    ]) {
      const found = centred(moved(strokes, by), MNIST);
      // Rounding may move a point of the edge by one of 64 parts of a pixel.
      for (let i = 0; i < 784; i++) expect(Math.abs(found[i]! - expected[i]!)).toBeLessThanOrEqual(8);
    }
  });

  it('keeps the ratio of the sides', () => {
    const one: Stroke[] = [
      [
        [0.5, 0.2],
        [0.5, 0.8],
      ],
    ];
    const { width, height } = inked(centred(one, MNIST), 28);
    expect(height).toBeGreaterThanOrEqual(20);
    expect(width).toBeLessThanOrEqual(4);
  });

  it('is empty without strokes, and a dot for a dot', () => {
    expect(centred([], MNIST).every((pixel) => pixel === 0)).toBe(true);
    const dot = centred([[[0.9, 0.1]]], MNIST);
    expect(dot[14 * 28 + 14]).toBeGreaterThan(0);
    expect(inked(dot, 28).width).toBeLessThanOrEqual(4);
  });

  it('fits 8 by 8 pixels', () => {
    const pixels = centred(strokesOf(digits['3']), formOf(8));
    expect(pixels).toHaveLength(64);
    expect(inked(pixels, 8).height).toBeGreaterThanOrEqual(7);
  });
});
