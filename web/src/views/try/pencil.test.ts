import { describe, expect, it } from 'vitest';
import digits from './fixtures/strokes.json' with { type: 'json' };
import { bounds, extended, mask, pointOf, recorded, strokesOf, type Stroke } from './pencil.ts';

const text = (pixels: Uint8Array, side: number): string =>
  Array.from({ length: side }, (_, row) =>
    [...pixels.slice(row * side, (row + 1) * side)].map((on) => (on ? '#' : '.')).join(''),
  ).join('\n');

describe('mask', () => {
  it('draws lines with round ends', () => {
    const line: Stroke = [
      [2.5, 4],
      [6.5, 4],
    ];
    expect(text(mask([line], 9, 1.8), 9)).toBe(
      [
        '.........',
        '.........',
        '..#####..',
        '.#######.',
        '.#######.',
        '..#####..',
        '.........',
        '.........',
        '.........',
      ].join('\n'),
    );
  });

  it('draws a point as a disc, and cuts what is outside', () => {
    const disc = mask([[[0, 0]]], 4, 2);
    expect(text(disc, 4)).toBe('##..\n#...\n....\n....');
    expect(mask([[[-9, 50]]], 4, 2).some((on) => on)).toBe(false);
  });

  it('does not depend on how many points a line has', () => {
    const few: Stroke = [
      [1, 1],
      [30, 20],
    ];
    const many = Array.from({ length: 59 }, (_, i) => [1 + i / 2, 1 + (19 * i) / 58] as const);
    const [a, b] = [mask([few], 32, 3), mask([many], 32, 3)];
    expect(a.filter((on, i) => on !== b[i]).length).toBeLessThanOrEqual(2);
  });
});

describe('strokes', () => {
  it('leave out points that are next to the last one', () => {
    const stroke = extended([[0.5, 0.5]], [0.5005, 0.5]);
    expect(stroke).toHaveLength(1);
    expect(extended(stroke, [0.6, 0.5])).toHaveLength(2);
  });

  it('are in shares of the paper', () => {
    expect(pointOf({ clientX: 110, clientY: 70 }, { left: 10, top: 20, width: 200, height: 100 })).toEqual([
      0.5, 0.5,
    ]);
  });

  it('have bounds', () => {
    const [left, top, width, height] = bounds([[[0.2, 0.3]], [[0.6, 0.9]]]);
    expect([left, top]).toEqual([0.2, 0.3]);
    expect(width).toBeCloseTo(0.4);
    expect(height).toBeCloseTo(0.6);
  });

  it.each(Object.entries(digits))('are recorded as text: %s', (_, text) => {
    expect(recorded(strokesOf(text))).toBe(text);
  });
});
