import { describe, expect, it } from 'vitest';
import { DARK, LIGHT } from '../../../charts/colours.ts';
import { SHAPE_COUNT, shapeOf } from './marks.ts';
import { divergingShades, paint, paintClasses, pixel, reach } from './shades.ts';

describe('paint', () => {
  const shades = divergingShades(LIGHT);
  it('has the ends of the colours at the ends of the values', () => {
    const pixels = new Uint32Array(4);
    paint(pixels, { values: Float32Array.of(-1, 0, 1, 5), start: 0, width: 4, height: 1 }, -1, 1, shades);
    expect(pixels[0]).toBe(pixel(LIGHT.orange));
    expect(pixels[2]).toBe(pixel(LIGHT.blue));
    expect(pixels[3]).toBe(pixels[2]);
  });
  it('turns maps of the plane, and reads columns as rows', () => {
    const values = Float32Array.of(0, 1, 2, 3, 4, 5);
    const seen = (map: object): number[] => {
      const pixels = new Uint32Array(6);
      paint(
        pixels,
        { values, start: 0, width: 2, height: 3, ...map },
        0,
        255,
        Uint32Array.from({ length: 256 }, (_, i) => i),
      );
      return [...pixels];
    };
    expect(seen({})).toEqual([0, 1, 2, 3, 4, 5]);
    expect(seen({ upward: true })).toEqual([4, 5, 2, 3, 0, 1]);
    expect(seen({ width: 3, height: 2, across: 2, down: 1 })).toEqual([0, 2, 4, 1, 3, 5]);
  });
  it('has the colour of the likeliest class, and the paper where all are equal', () => {
    const pixels = new Uint32Array(2);
    paintClasses(pixels, Float32Array.of(0, 1 / 3, 0, 1 / 3, 1, 1 / 3), 3, 2, 1, LIGHT);
    expect(pixels[1]).toBe(pixel(LIGHT.mid));
    expect(pixels[0]).not.toBe(pixels[1]);
  });
  it('does not break on what is not a number', () => {
    const pixels = new Uint32Array(1);
    paint(pixels, { values: Float32Array.of(NaN), start: 0, width: 1, height: 1 }, 0, 1, shades);
    expect(pixels[0]).toBe(shades[0]);
    expect(reach(Float32Array.of(1, -3, Infinity, NaN))).toBe(3);
  });
});

describe('colours and shapes of classes', () => {
  it('are all different in both schemes', () => {
    for (const palette of [LIGHT, DARK]) expect(new Set(palette.classes.map(pixel)).size).toBe(10);
    expect(SHAPE_COUNT).toBe(10);
    expect(new Set(Array.from({ length: SHAPE_COUNT }, (_, i) => shapeOf(i))).size).toBe(10);
  });
});
