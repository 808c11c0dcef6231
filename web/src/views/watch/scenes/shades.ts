/** Numbers as pixels: tables of 256 colours, and painting into small canvases that are then drawn large. */

import { diverging, mixed, type Palette, type Rgb } from '../../../charts/colours.ts';

/** 256 colours from the lowest value to the highest, as pixels of ImageData. */
export type Shades = Uint32Array;

const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/** A colour as a pixel of ImageData. */
export function pixel([r, g, b]: Rgb): number {
  return LITTLE_ENDIAN
    ? (0xff000000 | (b << 16) | (g << 8) | r) >>> 0
    : ((r << 24) | (g << 16) | (b << 8) | 0xff) >>> 0;
}

const known = new WeakMap<Palette, Map<number, Shades>>();

/**
 * Orange for the lowest value, the colour of the paper for the middle, blue for the highest. The middle is narrow,
 * so that a boundary is seen. `depth` 1 reaches the full colours; less leaves room for points on top.
 */
export function divergingShades(palette: Palette, depth = 1): Shades {
  const tables = known.get(palette) ?? new Map<number, Shades>();
  known.set(palette, tables);
  let shades = tables.get(depth);
  if (!shades) {
    shades = Uint32Array.from({ length: 256 }, (_, i) => {
      const at = (i - 127.5) / 127.5;
      return pixel(diverging(palette, Math.sign(at) * depth * strength(Math.abs(at))));
    });
    tables.set(depth, shades);
  }
  return shades;
}

/** How strong the colour of a class is where its lead is `share`, 0 to 1. */
export function strength(share: number): number {
  return Math.max(0, share) ** 0.85;
}

/** How many shades of a class the answers of more than two classes have. */
const STEPS = 32;
const knownClasses = new WeakMap<Palette, Uint32Array>();

/** The colours of all classes, `STEPS` for each from the paper's to its own. */
function classShades(palette: Palette): Uint32Array {
  let shades = knownClasses.get(palette);
  if (!shades) {
    shades = new Uint32Array(palette.classes.length * STEPS);
    palette.classes.forEach((colour, k) => {
      for (let i = 0; i < STEPS; i++)
        shades![k * STEPS + i] = pixel(mixed(palette.mid, colour, 0.78 * strength(i / (STEPS - 1))));
    });
    knownClasses.set(palette, shades);
  }
  return shades;
}

/** A part of an array as a picture. */
export interface Map2D {
  readonly values: Float32Array;
  /** Index of the first value. */
  readonly start: number;
  readonly width: number;
  readonly height: number;
  /** Distance between the values of neighbouring columns and rows; by default row after row. */
  readonly across?: number;
  readonly down?: number;
  /** Whether row 0 is the lowest, as in the plane. */
  readonly upward?: boolean;
}

/** Colours of a map: `low` has the first shade, `high` the last. */
export function paint(pixels: Uint32Array, map: Map2D, low: number, high: number, shades: Shades): void {
  const { values, start, width, height, across = 1, down = width, upward = false } = map;
  const factor = high > low ? 255 / (high - low) : 0;
  for (let row = 0, at = 0; row < height; row++) {
    let from = start + (upward ? height - 1 - row : row) * down;
    for (let column = 0; column < width; column++, from += across, at++) {
      const shade = factor ? (values[from]! - low) * factor + 0.5 : 128;
      pixels[at] = shades[shade > 255 ? 255 : shade > 0 ? shade | 0 : 0]!; // not a number: the first
    }
  }
}

/** Answers of more than two classes: the colour of the likeliest, stronger where its lead over chance is larger. */
export function paintClasses(
  pixels: Uint32Array,
  values: Float32Array,
  classes: number,
  width: number,
  height: number,
  palette: Palette,
): void {
  const shades = classShades(palette);
  const colours = palette.classes.length;
  const size = width * height;
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = 0; column < width; column++, at++) {
      const place = (height - 1 - row) * width + column;
      let best = 0;
      let most = values[place]!;
      for (let k = 1; k < classes; k++) {
        const value = values[k * size + place]!;
        if (value > most) [best, most] = [k, value];
      }
      const lead = Math.max(0, Math.min(1, (1.05 * (most * classes - 1)) / (classes - 1)));
      pixels[at] = shades[(best % colours) * STEPS + Math.round(lead * (STEPS - 1))]!;
    }
  }
}

/** A small canvas that is painted pixel by pixel, and drawn scaled onto another. */
export class Sheet {
  readonly canvas: HTMLCanvasElement;
  readonly pixels: Uint32Array;
  readonly #image: ImageData;
  readonly #context: CanvasRenderingContext2D;

  constructor(width: number, height: number) {
    this.canvas = document.createElement('canvas');
    this.canvas.width = width;
    this.canvas.height = height;
    this.#context = this.canvas.getContext('2d')!;
    this.#image = this.#context.createImageData(width, height);
    this.pixels = new Uint32Array(this.#image.data.buffer);
  }

  /** Show what was painted. */
  put(): HTMLCanvasElement {
    this.#context.putImageData(this.#image, 0, 0);
    return this.canvas;
  }
}

const sheets = new Map<string, Sheet>();

/** A sheet of a size, shared by all who draw at once what they paint. */
export function sheet(width: number, height: number): Sheet {
  const key = `${width} ${height}`;
  let found = sheets.get(key);
  if (!found) {
    if (sheets.size >= 32) sheets.clear();
    sheets.set(key, (found = new Sheet(width, height)));
  }
  return found;
}

/** Fit a canvas to its place on the page, in device pixels; its context draws in CSS pixels and is empty. */
export function fitted(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D {
  const ratio = Math.min(window.devicePixelRatio || 1, 3);
  const [wide, tall] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
  if (canvas.width !== wide || canvas.height !== tall) {
    canvas.width = wide;
    canvas.height = tall;
  }
  const context = canvas.getContext('2d')!;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

/** The largest size of a number of an array, at least `least`; what is not finite does not count. */
export function reach(values: Float32Array, start = 0, end = values.length, least = 1e-6): number {
  let most = least;
  for (let i = start; i < end; i++) {
    const size = Math.abs(values[i]!);
    if (size > most && size < Infinity) most = size;
  }
  return most;
}
