import { describe, expect, it } from 'vitest';
import { nearest, neighbour, placement } from './layout.ts';
import type { Column } from './network.ts';

const columns = (...shown: number[]): Column[] =>
  shown.map((count, i) => ({
    kind: i === 0 ? 'input' : i === shown.length - 1 ? 'answer' : 'hidden',
    layer: '',
    part: null,
    shown: count,
    total: count,
  }));
const room = { width: 560, height: 444, left: 22, right: 0 };

describe('placement', () => {
  it.each([
    [2, 12, 12, 1],
    [2, 1, 1],
    [2, 64, 3],
    [2, 32, 32, 1],
    [4, 16, 3],
    [2, 8, 8, 8, 8, 8, 8, 8, 8, 1],
  ])('keeps all units apart and inside the room: %s %s %s', (...shown) => {
    const placed = placement(columns(...shown), room);
    const all = placed.cells.flat();
    expect(all).toHaveLength(shown.reduce((sum, count) => sum + count, 0));
    for (const { x, y } of all) {
      expect(x).toBeGreaterThanOrEqual(room.left + placed.size / 2 - 0.01);
      expect(x).toBeLessThanOrEqual(room.width - placed.size / 2 + 0.01);
      expect(y).toBeGreaterThanOrEqual(placed.size / 2 - 0.01);
      expect(y).toBeLessThanOrEqual(room.height - placed.size / 2 + 0.01);
    }
    all.forEach((a, i) =>
      all.slice(0, i).forEach((b) => {
        expect(Math.max(Math.abs(a.x - b.x), Math.abs(a.y - b.y))).toBeGreaterThan(placed.size);
      }),
    );
    expect(placed.size).toBeGreaterThanOrEqual(9);
  });
  it('has columns from left to right', () => {
    const { cells } = placement(columns(2, 20, 30, 1), room);
    const middles = cells.map((column) => column[0]!.x);
    expect([...middles].sort((a, b) => a - b)).toEqual(middles);
  });
  it('is narrow where the page is', () => {
    const placed = placement(columns(2, 12, 12, 1), { width: 320, height: 380, left: 22, right: 0 });
    expect(Math.max(...placed.cells.flat().map(({ x }) => x))).toBeLessThan(320);
  });
});

describe('units by pointer and keys', () => {
  const placed = placement(columns(2, 12, 12, 1), room);
  const isHidden = (column: number): boolean => column === 1 || column === 2;
  it('the nearest within reach, of hidden columns only', () => {
    const cell = placed.cells[2]![4]!;
    expect(nearest(placed, cell.x + 4, cell.y - 5, 20, isHidden)).toEqual({ column: 2, index: 4 });
    expect(nearest(placed, cell.x + 60, cell.y, 20, isHidden)).toBeNull();
    expect(nearest(placed, placed.cells[0]![0]!.x, placed.cells[0]![0]!.y, 20, isHidden)).toBeNull();
  });
  it('arrows go along and between columns, and stop at the ends', () => {
    const from = { column: 1, index: 3 };
    expect(neighbour(placed, from, 'ArrowDown', isHidden)).toEqual({ column: 1, index: 4 });
    expect(neighbour(placed, from, 'ArrowRight', isHidden)).toEqual({ column: 2, index: 3 });
    expect(neighbour(placed, { column: 2, index: 3 }, 'ArrowRight', isHidden)).toBeNull();
    expect(neighbour(placed, from, 'ArrowLeft', isHidden)).toBeNull();
    expect(neighbour(placed, { column: 1, index: 0 }, 'ArrowUp', isHidden)).toBeNull();
    expect(neighbour(placed, from, 'End', isHidden)).toEqual({ column: 1, index: 11 });
    expect(neighbour(placed, from, 'a', isHidden)).toBeNull();
  });
  it('arrows reach every unit of a wide column', () => {
    const wide = placement(columns(2, 50, 1), room);
    const seen = new Set<number>();
    let at = { column: 1, index: 0 };
    for (let next: typeof at | null = at; next; next = neighbour(wide, at, 'ArrowRight', (c) => c === 1)) {
      at = next;
      seen.add(at.index);
    }
    expect(seen.size).toBe(3); // the columns of the layer
  });
});
