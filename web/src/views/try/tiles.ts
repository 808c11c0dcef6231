/** Pictures of the values of layers: bytes are looked up in a table of 256 colours. */

import { diverging, type Palette, type Rgb } from '../../charts/colours.ts';

/** Pixels as a canvas has them, four bytes each. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint32Array<ArrayBuffer>;
}

const packed = ([r, g, b]: Rgb): number => (255 << 24) | (b << 16) | (g << 8) | r; // little-endian, as browsers are

/**
 * Colours of bytes: blue is positive, orange negative, the paper's colour 0. The value with the largest distance
 * from 0 has the full colour. Byte 0 is `low`, byte 255 `high`.
 */
export function shades(low: number, high: number, palette: Palette): Int32Array {
  const largest = Math.max(Math.abs(low), Math.abs(high)) || 1;
  return Int32Array.from({ length: 256 }, (_, byte) =>
    packed(diverging(palette, (low + ((high - low) * byte) / 255) / largest)),
  );
}

/** How maps are laid out. Sizes in pixels of the picture. */
export interface Layout {
  readonly columns: number;
  /** Width of a tile; its height follows. */
  readonly tile: number;
  /** Between tiles, and around all of them. */
  readonly gap: number;
  /** Width and colour of a frame around each tile, inside the gap. */
  readonly frame: number;
  readonly colour: Rgb;
}

/** The chosen maps of a layer as tiles. `shape` is (height, width, maps); between tiles nothing is drawn. */
export function tiles(
  bytes: Uint8Array,
  shape: readonly number[],
  chosen: readonly number[],
  colours: Int32Array,
  { columns, tile, gap, frame, colour }: Layout,
): Picture {
  const [height = 1, width = 1, maps = 1] = shape;
  const times = Math.max(1, Math.round(tile / width));
  const [across, down] = [width * times, height * times];
  const rows = Math.ceil(chosen.length / columns);
  const [full, high] = [columns * (across + gap) + gap, rows * (down + gap) + gap];
  const pixels = new Uint32Array(full * high);
  chosen.forEach((map, i) => {
    const left = gap + (i % columns) * (across + gap);
    const top = gap + Math.floor(i / columns) * (down + gap);
    for (let y = top - frame; y < top + down + frame; y++)
      pixels.fill(packed(colour), y * full + left - frame, y * full + left + across + frame);
    for (let y = 0; y < height; y++) {
      const start = (top + y * times) * full + left;
      for (let x = 0; x < width; x++)
        pixels.fill(
          colours[bytes[(y * width + x) * maps + map]!]!,
          start + x * times,
          start + (x + 1) * times,
        );
      for (let copy = 1; copy < times; copy++) pixels.copyWithin(start + copy * full, start, start + across);
    }
  });
  return { width: full, height: high, pixels };
}

/** Numbers one after the other, in rows; what is left of the last row is not drawn. */
export function strip(bytes: Uint8Array, count: number, columns: number, colours: Int32Array): Picture {
  const rows = Math.ceil(count / columns);
  const pixels = new Uint32Array(rows * columns);
  for (let i = 0; i < count; i++) pixels[i] = colours[bytes[i]!]!;
  return { width: columns, height: rows, pixels };
}

/** A sequence: steps from left to right, the chosen units from top to bottom. `shape` is (steps, units). */
export function score(
  bytes: Uint8Array,
  shape: readonly number[],
  chosen: readonly number[],
  colours: Int32Array,
): Picture {
  const [steps = 1, units = 1] = shape;
  const pixels = new Uint32Array(steps * chosen.length);
  chosen.forEach((unit, row) => {
    for (let step = 0; step < steps; step++)
      pixels[row * steps + step] = colours[bytes[step * units + unit]!]!;
  });
  return { width: steps, height: chosen.length, pixels };
}

/** Put a picture on a canvas, which gets its size. */
export function paint(canvas: HTMLCanvasElement, { width, height, pixels }: Picture): void {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const bytes = new Uint8ClampedArray(pixels.buffer);
  canvas.getContext('2d')!.putImageData(new ImageData(bytes, width, height), 0, 0);
}
