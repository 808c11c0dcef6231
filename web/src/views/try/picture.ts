/** A picture file as the pixels of a model's input: upright, its middle cut out, scaled and in the model's colours. */

/** Larger files and pictures are refused before they are decoded: a phone's photo has 12 to 50 million pixels. */
export const MOST_BYTES = 30_000_000;
export const MOST_PIXELS = 60_000_000;

/** Why a file cannot be used: a key of the texts. */
export class PictureError extends Error {
  constructor(
    readonly reason: 'kind' | 'large' | 'broken',
    readonly found = '',
  ) {
    super(reason);
    this.name = 'PictureError';
  }
}

/** Width and height as the header of a PNG, JPEG, GIF, WebP or BMP says; null for other kinds. */
export function dimensions(bytes: Uint8Array): [number, number] | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = (at: number, length: number): string =>
    String.fromCharCode(...bytes.subarray(at, at + length));
  try {
    if (text(1, 3) === 'PNG') return [view.getUint32(16), view.getUint32(20)];
    if (text(0, 3) === 'GIF') return [view.getUint16(6, true), view.getUint16(8, true)];
    if (text(0, 2) === 'BM') return [view.getInt32(18, true), Math.abs(view.getInt32(22, true))];
    if (text(0, 4) === 'RIFF' && text(8, 4) === 'WEBP') return webp(view, text(12, 4));
    if (view.getUint16(0) === 0xffd8) return jpeg(view);
  } catch {
    // shorter than its header
  }
  return null;
}

function webp(view: DataView, chunk: string): [number, number] | null {
  if (chunk === 'VP8 ') return [view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff];
  if (chunk === 'VP8L') {
    const bits = view.getUint32(21, true);
    return [(bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1];
  }
  const three = (at: number): number => view.getUint16(at, true) + (view.getUint8(at + 2) << 16);
  return chunk === 'VP8X' ? [three(24) + 1, three(27) + 1] : null;
}

function jpeg(view: DataView): [number, number] | null {
  for (let at = 2; at < view.byteLength; at += 2 + view.getUint16(at + 2)) {
    const marker = view.getUint16(at);
    const isFrame = marker >= 0xffc0 && marker <= 0xffcf && ![0xffc4, 0xffc8, 0xffcc].includes(marker);
    if (isFrame) return [view.getUint16(at + 7), view.getUint16(at + 5)];
  }
  return null;
}

/** Refuse a file that is no picture or would take too much memory. */
export async function checked(file: Blob): Promise<void> {
  if (file.size > MOST_BYTES) throw new PictureError('large');
  const found = dimensions(new Uint8Array(await file.arrayBuffer()));
  if (!found) throw new PictureError('kind', file.type);
  if (found[0] * found[1] > MOST_PIXELS) throw new PictureError('large', `${found[0]} × ${found[1]}`);
}

/** The largest part in the middle with the ratio of a model's sides: left, top, width, height. */
export function middle(
  width: number,
  height: number,
  wanted: readonly [width: number, height: number],
): [number, number, number, number] {
  const scale = Math.min(width / wanted[0], height / wanted[1]);
  const [w, h] = [wanted[0] * scale, wanted[1] * scale];
  return [(width - w) / 2, (height - h) / 2, w, h];
}

/** What is done with other proportions: the ends are cut off, bars are added, or the picture is stretched. */
export type Resize = 'crop' | 'fit' | 'stretch';

type Box = readonly [left: number, top: number, width: number, height: number];

/** The part of a picture that is seen, and where it lies in what the model gets. */
export function placed(
  width: number,
  height: number,
  wanted: readonly [width: number, height: number],
  resize: Resize,
): { cut: Box; box: Box } {
  const whole: Box = [0, 0, ...wanted];
  if (resize === 'crop') return { cut: middle(width, height, wanted), box: whole };
  const cut: Box = [0, 0, width, height];
  if (resize === 'stretch') return { cut, box: whole };
  const scale = Math.min(wanted[0] / width, wanted[1] / height);
  const [w, h] = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
  return { cut, box: [Math.floor((wanted[0] - w) / 2), Math.floor((wanted[1] - h) / 2), w, h] };
}

/** How many pixels in each direction become one: enough for smooth edges, no more than the picture has. */
export function oversampling(cut: readonly number[], wanted: readonly [number, number]): number {
  return Math.max(1, Math.min(8, Math.floor(Math.min(cut[2]! / wanted[0], cut[3]! / wanted[1]))));
}

/**
 * The mean of every `times` by `times` pixels of an RGBA picture, in the model's channels: 1 is grey (ITU-R 601, as
 * QuickML converts files), 3 are red, green and blue.
 */
export function averaged(
  rgba: ArrayLike<number>,
  width: number,
  height: number,
  times: number,
  channels: number,
): Uint8Array {
  const pixels = new Uint8Array(width * height * channels);
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) {
      const sum = [0, 0, 0];
      for (let y = row * times; y < (row + 1) * times; y++)
        for (let x = column * times; x < (column + 1) * times; x++) {
          const at = 4 * (y * width * times + x);
          for (const c of [0, 1, 2]) sum[c]! += rgba[at + c]!;
        }
      const [r, g, b] = sum.map((total) => total / times ** 2) as [number, number, number];
      const at = (row * width + column) * channels;
      if (channels === 1) pixels[at] = Math.round((299 * r + 587 * g + 114 * b) / 1000);
      else pixels.set([Math.round(r), Math.round(g), Math.round(b)], at);
    }
  return pixels;
}

/** Mean of the pixels at the edge, 0 to 255: paper is bright, the ground of MNIST's digits is dark. */
export function edge(pixels: Uint8Array, width: number, height: number, channels: number): number {
  let [sum, count] = [0, 0];
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) {
      if (row && column && row < height - 1 && column < width - 1) continue;
      for (let c = 0; c < channels; c++) sum += pixels[(row * width + column) * channels + c]!;
      count += channels;
    }
  return count ? sum / count : 0;
}

export const inverted = (pixels: Uint8Array): Uint8Array => pixels.map((value) => 255 - value);

/** Decode a file, and cut and scale it. Throws a `PictureError`. */
export async function pixelsOf(
  file: Blob,
  size: readonly [number, number, number],
  resize: Resize = 'crop',
): Promise<Uint8Array> {
  const picture = await decoded(file);
  const pixels = pixelsSeen(picture, picture.width, picture.height, size, resize);
  picture.close();
  return pixels;
}

/** Cut and scale what is seen: a picture, or a frame of a video. */
export function pixelsSeen(
  from: CanvasImageSource,
  wide: number,
  high: number,
  [height, width, channels]: readonly [number, number, number],
  resize: Resize = 'crop',
): Uint8Array {
  const { cut, box } = placed(wide, high, [width, height], resize);
  const times = oversampling(cut, [box[2], box[3]]);
  const rgba = drawn(
    from,
    cut,
    width * times,
    height * times,
    box.map((side) => side * times) as unknown as Box,
  );
  return averaged(rgba, width, height, times, channels);
}

/** Decode a file, all of it in grey, with at most `most` pixels in a side. Throws a `PictureError`. */
export async function greyOf(
  file: Blob,
  most: number,
): Promise<{ pixels: Uint8Array; width: number; height: number }> {
  const picture = await decoded(file);
  const scale = Math.min(1, most / Math.max(picture.width, picture.height));
  const [width, height] = [picture.width, picture.height].map((side) =>
    Math.max(1, Math.round(side * scale)),
  ) as [number, number];
  const whole = [0, 0, picture.width, picture.height] as const;
  const times = oversampling(whole, [width, height]);
  const rgba = drawn(picture, whole, width * times, height * times);
  picture.close();
  return { pixels: averaged(rgba, width, height, times, 1), width, height };
}

async function decoded(file: Blob): Promise<ImageBitmap> {
  await checked(file);
  try {
    return await createImageBitmap(file, { imageOrientation: 'from-image' });
  } catch {
    throw new PictureError('broken');
  }
}

function drawn(
  picture: CanvasImageSource,
  cut: Box,
  width: number,
  height: number,
  box: Box = [0, 0, width, height],
): Uint8ClampedArray {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  context.fillRect(0, 0, width, height); // bars are black
  context.fillStyle = '#fff'; // transparent parts are white, as for files sent to the server
  context.fillRect(...box);
  context.imageSmoothingQuality = 'high';
  context.drawImage(picture, ...cut, ...box);
  return context.getImageData(0, 0, width, height).data;
}
