import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decode } from './decode.ts';
import { Frame, half, Layout } from './film.ts';

interface Expected {
  numbers: number[];
  frames: {
    index: number;
    number: number;
    loss: number | null;
    parts: Record<
      string,
      { size: number; at: number[]; values: number[]; sum: number; ranges: [number, number][] }
    >;
  }[];
}

const fixture = (name: string): Buffer => readFileSync(new URL(`fixtures/${name}`, import.meta.url));
const film = (): Uint8Array<ArrayBuffer> => new Uint8Array(fixture('spirals.film.bin'));
const expected = JSON.parse(fixture('spirals.expected.json').toString()) as Expected;

async function framesOf(bytes: Uint8Array<ArrayBuffer>): Promise<Frame[]> {
  const { header, numbers, size, bytes: all } = await decode(bytes);
  const layout = new Layout(header);
  return numbers.map((number, i) => new Frame(layout, number, all.subarray(i * size, (i + 1) * size)));
}

describe('decode', () => {
  it('reads what Python reads', async () => {
    const frames = await framesOf(film());
    expect(frames.map(({ number }) => number)).toEqual(expected.numbers);
    for (const { index, loss, parts } of expected.frames) {
      const frame = frames[index]!;
      if (loss === null) expect(frame.loss).toBeNaN();
      else expect(frame.loss).toBeCloseTo(loss, 6);
      for (const [name, { size, at, values, sum }] of Object.entries(parts)) {
        const found = frame.part(name);
        expect(found).toHaveLength(size);
        at.forEach((place, i) => expect(found[place], `${name}[${place}]`).toBeCloseTo(values[i]!, 6));
        expect(found.reduce((total, value) => total + value, 0)).toBeCloseTo(sum, 2);
      }
    }
  });

  it('knows the ranges of its codes', async () => {
    const frames = await framesOf(film());
    for (const { index, parts } of expected.frames)
      for (const [name, { ranges }] of Object.entries(parts)) {
        if (name.startsWith('histogram/') || name.startsWith('weights/')) continue;
        expect(frames[index]!.ranges(name)).toEqual(ranges);
      }
    const [low, high] = frames[0]!.range('histogram/dense/kernel');
    const weights = frames[0]!.part('weights/dense/kernel');
    expect(Math.min(...weights) - low).toBeGreaterThanOrEqual(0);
    expect(high - Math.max(...weights)).toBeGreaterThanOrEqual(0);
    expect(high - low).toBeLessThan(1.3 * (Math.max(...weights) - Math.min(...weights)));
  });

  it('decodes a part once while somebody has it', async () => {
    const [frame] = await framesOf(film());
    expect(frame!.part('grid')).toBe(frame!.part('grid'));
    expect(() => frame!.part('nothing')).toThrow(RangeError);
  });

  it('refuses what is no film, or is damaged', async () => {
    await expect(decode(new Uint8Array([1, 2, 3]))).rejects.toThrow('not a film');
    await expect(decode(film().subarray(0, 9000))).rejects.toThrow();
  });
});

describe('half', () => {
  it.each([
    [0x3c00, 1],
    [0xc000, -2],
    [0x0001, 2 ** -24],
    [0x7bff, 65504],
    [0x7c00, Infinity],
    [0x8000, -0],
  ])('%i', (bits, value) => expect(half(bits)).toBe(value));
});
