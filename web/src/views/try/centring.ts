/**
 * A drawn digit as MNIST's were made of scanned ones (http://yann.lecun.com/exdb/mnist): scaled with its ratio of
 * sides to a box of 20 by 20 pixels with antialiasing, then placed so that its centre of mass is in the middle of
 * 28 by 28 pixels. The lines are scaled without their width, and drawn as wide as those of MNIST are on average,
 * so that a small digit has the same pixels as a large one.
 */

import { bounds, mask, type Point, type Stroke } from './pencil.ts';

/** A picture of a digit, in its pixels. */
export interface Form {
  /** Width and height. */
  readonly side: number;
  /** Width and height of the box that the digit, with the width of its line, fills in one direction. */
  readonly box: number;
  /** Width of the line. */
  readonly line: number;
}

/** MNIST's form, and the same proportions for other sizes. Tiny pictures have no room for a margin. */
export function formOf(side: number): Form {
  if (side < 16) return { side, box: side, line: side / 6 };
  return { side, box: (20 * side) / 28, line: (2.6 * side) / 28 };
}

/** Each pixel has this many parts in each direction: 65 shades. */
const FINE = 8;

/** What is drawn smaller than this share of the paper is not enlarged to fill the box: a dot stays a dot. */
const SMALLEST = 0.08;

/** The pixels of a digit, row by row: 0 is paper, 255 ink. All 0 if nothing is drawn. */
export function centred(strokes: readonly Stroke[], form: Form): Uint8Array {
  const pixels = new Uint8Array(form.side * form.side);
  if (!strokes.some((stroke) => stroke.length)) return pixels;
  // Twice as wide as the picture, so that nothing is cut before it is shifted.
  const wide = 2 * form.side * FINE;
  const fine = mask(scaled(strokes, form), wide, (form.line / 2) * FINE);
  const [x, y] = centreOfMass(fine, wide);
  const half = (form.side * FINE) / 2;
  const [left, top] = [Math.round(x - half), Math.round(y - half)];
  for (let row = 0; row < form.side; row++)
    for (let column = 0; column < form.side; column++) {
      const sum = inside(fine, wide, left + column * FINE, top + row * FINE);
      pixels[row * form.side + column] = Math.round((255 * sum) / FINE ** 2);
    }
  return pixels;
}

/** The strokes in parts of pixels, the box around them in the middle of the wide picture. */
function scaled(strokes: readonly Stroke[], form: Form): Stroke[] {
  const [left, top, width, height] = bounds(strokes);
  const scale = ((form.box - form.line) * FINE) / Math.max(width, height, SMALLEST);
  const middle = form.side * FINE;
  const moved = ([x, y]: Point): Point => [
    middle + (x - left - width / 2) * scale,
    middle + (y - top - height / 2) * scale,
  ];
  return strokes.map((stroke) => stroke.map(moved));
}

/** Where the ink is on average, in pixels from the upper left corner. */
export function centreOfMass(pixels: ArrayLike<number>, width: number): Point {
  let [sum, x, y] = [0, 0, 0];
  for (let i = 0; i < pixels.length; i++) {
    const ink = pixels[i]!;
    if (!ink) continue;
    sum += ink;
    x += ink * ((i % width) + 0.5);
    y += ink * (Math.floor(i / width) + 0.5);
  }
  return sum ? [x / sum, y / sum] : [width / 2, pixels.length / width / 2];
}

function inside(fine: Uint8Array, wide: number, left: number, top: number): number {
  let sum = 0;
  for (let row = top; row < top + FINE; row++)
    for (let column = left; column < left + FINE; column++)
      if (row >= 0 && row < wide && column >= 0 && column < wide) sum += fine[row * wide + column]!;
  return sum;
}
