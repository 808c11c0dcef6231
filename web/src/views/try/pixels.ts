/** Pixels of samples: what the page shows of them, and those of a picture of the dataset. */

import type { Sheet } from '../../api/samples.ts';
import type { Rgb } from '../../charts/colours.ts';

/** A picture that was sent, as RGBA. One channel gets its colours from `shade`. */
export function seen(
  sample: ArrayLike<number> | null,
  shape: readonly number[],
  shade: (value: number) => Rgb,
): Uint8ClampedArray<ArrayBuffer> {
  const [height = 1, width = 1, channels = 1] = shape;
  const rgba = new Uint8ClampedArray(4 * width * height);
  for (let i = 0; i < width * height; i++) {
    const at = i * channels;
    const rgb =
      sample && channels === 3 ? [sample[at]!, sample[at + 1]!, sample[at + 2]!] : shade(sample?.[at] ?? 0);
    rgba.set([...rgb, 255], 4 * i);
  }
  return rgba;
}

/** The pixels of a picture on a sheet, as they are in the dataset: PNG is lossless, and so is this. */
export function onSheet(sheet: Sheet, id: number, channels: number): Uint8Array<ArrayBuffer> {
  const { width, height } = sheet;
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  const { x, y } = sheet.place(id);
  context.drawImage(sheet.image, x, y, width, height, 0, 0, width, height);
  return channelsOf(context.getImageData(0, 0, width, height).data, channels);
}

/** The first channels of RGBA pixels. */
export function channelsOf(rgba: ArrayLike<number>, channels: number): Uint8Array<ArrayBuffer> {
  const count = rgba.length / 4;
  const pixels = new Uint8Array(count * channels);
  for (let i = 0; i < count; i++)
    for (let c = 0; c < channels; c++) pixels[i * channels + c] = rgba[4 * i + c]!;
  return pixels;
}
