import { expect, it } from 'vitest';
import { confusion } from './measures.ts';
import { cellName, commonMistakes, entry, moved, parseCell, tints } from './matrix.ts';

const matrix = confusion({
  labels: ['a', 'b', 'c'],
  truth: [0, 0, 0, 1, 1, 2, 2, 2],
  predicted: [0, 1, 1, 1, 0, 2, 0, 0],
});

it('reads and writes the cell in the address', () => {
  expect(parseCell('2-0', 3)).toEqual({ was: 2, said: 0 });
  for (const wrong of ['', '3-0', '1', '1-', '-1-0', 'a-b', '1.5-0', null])
    expect(parseCell(wrong, 3)).toBeNull();
  expect(cellName({ was: 2, said: 0 })).toBe('2-0');
});

it('moves over empty cells, and stays at the edge', () => {
  expect(moved(matrix, { was: 2, said: 0 }, 'ArrowRight')).toEqual({ was: 2, said: 2 });
  expect(moved(matrix, { was: 2, said: 2 }, 'ArrowUp')).toEqual({ was: 2, said: 2 });
  expect(moved(matrix, { was: 0, said: 0 }, 'ArrowDown')).toEqual({ was: 1, said: 0 });
  expect(moved(matrix, { was: 0, said: 0 }, 'Enter')).toBeNull();
});

it('colours mistakes only, by count or by share of the class', () => {
  const [counts, shares] = [tints(matrix, false), tints(matrix, true)];
  expect([counts[0], counts[4], counts[8]]).toEqual([0, 0, 0]);
  expect(counts[1]).toBeCloseTo(0.87, 5);
  expect(counts[3]).toBeCloseTo(0.505, 5);
  expect(shares[3]).toBeCloseTo(0.14 + (0.73 * 0.5) / (2 / 3), 5);
  expect(counts[2]).toBe(0);
});

it('begins at the largest mistake', () => {
  expect(entry(matrix, null)).toMatchObject({ was: 0, said: 1 });
  expect(entry(matrix, { was: 2, said: 2 })).toEqual({ was: 2, said: 2 });
  expect(entry(matrix, { was: 2, said: 1 })).toMatchObject({ was: 0, said: 1 }); // it is empty
  expect(commonMistakes(matrix).map((one) => one.count)).toEqual([2, 2, 1]);
  const right = confusion({ labels: ['a', 'b'], truth: [1], predicted: [1] });
  expect(entry(right, null)).toEqual({ was: 1, said: 1 });
  expect(tints(right, false)).toEqual(new Float32Array(4));
});
