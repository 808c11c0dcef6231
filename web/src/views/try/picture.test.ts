import { describe, expect, it } from 'vitest';
import { averaged, checked, dimensions, edge, inverted, middle, oversampling, placed } from './picture.ts';

const bytes = (...parts: (string | number[])[]): Uint8Array<ArrayBuffer> =>
  new Uint8Array(
    parts.flatMap((part) => (typeof part === 'string' ? [...part].map((c) => c.charCodeAt(0)) : part)),
  );
const PNG = bytes([137], 'PNG', [13, 10, 26, 10, 0, 0, 0, 13], 'IHDR', [0, 0, 1, 44, 0, 0, 0, 200]);

describe('dimensions', () => {
  it.each([
    ['PNG', PNG, [300, 200]],
    ['GIF', bytes('GIF89a', [44, 1, 200, 0]), [300, 200]],
    ['BMP', bytes('BM', new Array<number>(16).fill(0), [44, 1, 0, 0, 56, 255, 255, 255]), [300, 200]],
    ['JPEG', bytes([0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0, 0xff, 0xc2, 0, 17, 8, 0, 200, 1, 44]), [300, 200]],
    [
      'WebP',
      bytes('RIFF', [0, 0, 0, 0], 'WEBPVP8X', [10, 0, 0, 0, 0, 0, 0, 0, 43, 1, 0, 199, 0, 0]),
      [300, 200],
    ],
    ['text', bytes('hello, this is no picture at all'), null],
    ['a truncated file', PNG.slice(0, 12), null],
    ['nothing', bytes(), null],
  ])('%s', (_, content, expected) => {
    expect(dimensions(content)).toEqual(expected);
  });
});

describe('checked', () => {
  it('refuses what is no picture, and what is too large', async () => {
    await expect(checked(new Blob([PNG]))).resolves.toBeUndefined();
    await expect(checked(new Blob(['<svg>']))).rejects.toMatchObject({ reason: 'kind' });
    const bomb = PNG.slice();
    bomb.set([0, 1, 0, 0, 0, 1, 0, 0], 16);
    await expect(checked(new Blob([bomb]))).rejects.toMatchObject({
      reason: 'large',
      found: '65536 × 65536',
    });
    await expect(checked({ size: 31_000_000 } as Blob)).rejects.toMatchObject({ reason: 'large' });
  });
});

it('middle', () => {
  expect(middle(300, 200, [28, 28])).toEqual([50, 0, 200, 200]);
  expect(middle(100, 400, [20, 10])).toEqual([0, 175, 100, 50]);
});

it('oversampling', () => {
  expect(oversampling([0, 0, 200, 200], [28, 28])).toBe(7);
  expect(oversampling([0, 0, 9000, 9000], [28, 28])).toBe(8);
  expect(oversampling([0, 0, 8, 8], [28, 28])).toBe(1);
});

describe('averaged', () => {
  // Two pixels of 2 by 2: one black and white, the other red.
  const [black, white, red] = [
    [0, 0, 0, 255],
    [255, 255, 255, 255],
    [255, 0, 0, 255],
  ];
  const rgba = [black, white, red, red, white, black, red, red].flatMap((pixel) => pixel!);

  it('is grey as ITU-R 601 has it', () => {
    expect([...averaged(rgba, 2, 1, 2, 1)]).toEqual([128, 76]);
  });

  it('keeps the channels', () => {
    expect([...averaged(rgba, 2, 1, 2, 3)]).toEqual([128, 128, 128, 255, 0, 0]);
  });
});

it('edge', () => {
  const pixels = new Uint8Array(9).fill(200);
  pixels[4] = 0;
  expect(edge(pixels, 3, 3, 1)).toBe(200);
  expect(edge(inverted(pixels), 3, 3, 1)).toBe(55);
});

it('placed', () => {
  expect(placed(400, 200, [96, 96], 'crop')).toEqual({ cut: [100, 0, 200, 200], box: [0, 0, 96, 96] });
  expect(placed(400, 200, [96, 96], 'stretch')).toEqual({ cut: [0, 0, 400, 200], box: [0, 0, 96, 96] });
  expect(placed(400, 200, [96, 96], 'fit')).toEqual({ cut: [0, 0, 400, 200], box: [0, 24, 96, 48] });
});
