import { describe, expect, it } from 'vitest';
import { centreOfMass, formOf } from './centring.ts';
import { centredPhoto, type Grey } from './photo.ts';

const MNIST = formOf(28);

/** A 7 of two lines on paper of some grey: a bar above, and a leg on the right. */
function seven(left: number, top: number, size: number, paper = 0): Grey {
  const [width, height] = [200, 160];
  const line = Math.round(size / 8);
  const pixels = new Uint8Array(width * height).fill(paper);
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size / 2; x++)
      if (y < line || x >= size / 2 - line) pixels[(top + y) * width + left + x] = 230;
  return { pixels, width, height };
}

function box(pixels: Uint8Array): { width: number; height: number } {
  const inked = [...pixels.keys()].filter((i) => pixels[i]! > 40);
  const [xs, ys] = [inked.map((i) => i % 28), inked.map((i) => Math.floor(i / 28))];
  return {
    width: Math.max(...xs) - Math.min(...xs) + 1,
    height: Math.max(...ys) - Math.min(...ys) + 1,
  };
}

describe('centredPhoto', () => {
  it.each([
    ['small, at the top left', seven(4, 6, 40), 0],
    ['large, at the right', seven(110, 10, 140), 0],
    ['on grey paper', seven(60, 30, 80, 60), 60],
  ])('%s', (_, photo, ground) => {
    const found = centredPhoto(photo, ground, MNIST);
    const [x, y] = centreOfMass(found, 28);
    expect(Math.abs(x - 14)).toBeLessThan(0.5);
    expect(Math.abs(y - 14)).toBeLessThan(0.5);
    expect(box(found).height).toBeGreaterThanOrEqual(19);
    expect(box(found).height).toBeLessThanOrEqual(21);
    expect(Math.max(...found)).toBe(255);
  });

  it('the paper between the lines is empty, even where a shadow lies on it', () => {
    const photo = seven(60, 30, 80, 60);
    const shaded = photo.pixels.map((value) => (value === 60 ? 100 : value));
    const found = centredPhoto({ ...photo, pixels: shaded }, 60, MNIST);
    expect(found[27 * 28]).toBe(0);
    expect(found.filter((value) => value > 0).length).toBeLessThan(200);
  });

  it('an empty sheet stays empty', () => {
    const blank = { pixels: new Uint8Array(100).fill(70), width: 10, height: 10 };
    expect(centredPhoto(blank, 69, MNIST).every((value) => value === 0)).toBe(true);
  });
});
