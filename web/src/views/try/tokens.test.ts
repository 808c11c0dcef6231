import { expect, it } from 'vitest';
import { appended, shortened, symbols } from './tokens.ts';

it('writes and deletes at the end', () => {
  const one = appended([0, 0, 0], 2);
  expect([...appended(one, 1)]).toEqual([2, 1, 0]);
  expect([...shortened(appended(one, 1))]).toEqual([2, 0, 0]);
  expect([...shortened([0, 0])]).toEqual([0, 0]);
  expect([...appended([1, 2], 1)]).toEqual([1, 2]);
});

it('symbols', () => {
  expect(symbols([1, 0, 2, 0, 0])).toEqual([1, 0, 2]);
  expect(symbols([0, 0])).toEqual([]);
});
