/**
 * A photo of a digit as MNIST's digits are: cut out, scaled to their box, and placed with its centre of mass in
 * the middle. So it does not matter where on the paper it was written, and how large.
 */

import type { Form } from './centring.ts';

/** Grey pixels, row by row: large values are ink. */
export interface Grey {
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** What is weaker than this share of the darkest ink is paper: its grain, and shadows on it. */
const PAPER = 0.35;
/** Less than this between paper and ink, of 255: nothing is written. */
const FAINT = 24;
/** Each pixel of the result is the mean of this many places in each direction. */
const FINE = 8;

/** The pixels of the digit in a photo; `ground` is the mean of the paper. All 0 if nothing is written. */
export function centredPhoto({ pixels, width, height }: Grey, ground: number, form: Form): Uint8Array {
  const found = new Uint8Array(form.side ** 2);
  const darkest = pixels.reduce((most, value) => Math.max(most, value), 0);
  if (darkest - ground < FAINT) return found;
  const ink = Float32Array.from(pixels, (value) => {
    const share = (value - ground) / (darkest - ground);
    return share < PAPER ? 0 : share;
  });
  const { x, y, extent } = placed(ink, width);
  const scale = extent / form.box;
  const step = scale / FINE;
  const first = -(form.side / 2) * scale + step / 2;
  const at = (left: number, top: number): number =>
    left >= 0 && left < width && top >= 0 && top < height ? ink[top * width + left]! : 0;
  for (let row = 0; row < form.side; row++)
    for (let column = 0; column < form.side; column++) {
      let sum = 0;
      for (let v = 0; v < FINE; v++)
        for (let u = 0; u < FINE; u++)
          sum += at(
            Math.floor(x + first + (column * FINE + u) * step),
            Math.floor(y + first + (row * FINE + v) * step),
          );
      found[row * form.side + column] = Math.min(255, Math.round((255 * sum) / FINE ** 2));
    }
  return found;
}

/** Centre of mass of the ink, and the longer side of the box around it, in pixels. */
function placed(ink: Float32Array, width: number): { x: number; y: number; extent: number } {
  let [sum, x, y] = [0, 0, 0];
  let [left, right, top, bottom] = [Infinity, 0, Infinity, 0];
  ink.forEach((value, i) => {
    if (!value) return;
    const [column, row] = [i % width, Math.floor(i / width)];
    sum += value;
    x += value * (column + 0.5);
    y += value * (row + 0.5);
    [left, right] = [Math.min(left, column), Math.max(right, column + 1)];
    [top, bottom] = [Math.min(top, row), Math.max(bottom, row + 1)];
  });
  return { x: x / sum, y: y / sum, extent: Math.max(right - left, bottom - top) };
}
