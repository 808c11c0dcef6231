import { describe, expect, it } from 'vitest';
import { heat, parts, replacement, strongest, top } from './why.ts';

const patches = {
  size: [2, 2],
  starts: [
    [0, 1],
    [0, 1],
  ],
  values: [0.9, 0.1],
  maps: [
    { shape: [2, 2], values: Float32Array.of(0.4, 0, 0, 0.2) },
    { shape: [2, 2], values: Float32Array.of(-0.4, 0, 0, -0.2) },
  ],
};

describe('heat', () => {
  it('is the mean of the patches that cover a pixel', () => {
    const found = [...heat(patches, 0, [3, 3])].map((value) => Math.round(100 * value) / 100);
    expect(found).toEqual([0.4, 0.2, 0, 0.2, 0.15, 0.1, 0, 0.1, 0.2]);
  });

  it('of windows is along one axis', () => {
    const windows = {
      size: [2],
      starts: [[0, 2]],
      values: [1],
      maps: [{ shape: [2], values: Float32Array.of(1, -1) }],
    };
    expect([...heat(windows, 0, [4, 1])]).toEqual([1, 1, -1, -1]);
  });
});

it('strongest', () => {
  expect(strongest(patches, 0).from).toBe(0.9);
  expect(strongest(patches, 0).to).toBeCloseTo(0.5);
  // Nothing speaks for it, and it would rise: not that no part matters.
  expect(strongest(patches, 1).to).toBeCloseTo(0.5);
  const flat = { ...patches, maps: [{ shape: [2, 2], values: Float32Array.of(0.001, 0, 0, -0.002) }] };
  expect(strongest(flat, 0).to).toBeCloseTo(0.9, 2);
});

it('top', () => {
  expect(top([0.2, -0.6], 0.05)).toBe(0.6);
  expect(top([0.001], 0.05)).toBe(0.05);
});

it('parts', () => {
  const [first, second] = parts(patches, 1);
  expect([first!.at, second!.at]).toEqual([
    [0, 0],
    [1, 1],
  ]);
  expect(first!.effect).toBeCloseTo(-0.4);
});

it('replacement', () => {
  const said = (part: string, name: string): string => replacement({ part, baseline: { name, values: [] } });
  expect([said('patch', 'zero'), said('patch', 'mean'), said('token', 'zero')]).toEqual([
    'black',
    'colour',
    'empty',
  ]);
  expect([said('feature', 'mean'), said('window', 'zero')]).toEqual(['mean', 'zero']);
});
