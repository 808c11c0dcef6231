import { expect, it } from 'vitest';
import { bent, straight } from './line.ts';

const points = [
  { x: 0, y: 1 },
  { x: 10, y: 5.123 },
  { x: 20, y: 3 },
];

it('goes straight from point to point', () => {
  expect(straight(points)).toBe('M0,1L10,5.12L20,3');
  expect(straight([])).toBe('');
});

it('bends from point to point, across or down', () => {
  expect(bent(points.slice(0, 2), false)).toBe('M0,1C5,1,5,5.12,10,5.12');
  expect(bent(points.slice(0, 2), true)).toBe('M0,1C0,3.06,10,3.06,10,5.12');
  expect(bent(points, false)).toBe('M0,1C5,1,5,5.12,10,5.12C15,5.12,15,3,20,3');
});
