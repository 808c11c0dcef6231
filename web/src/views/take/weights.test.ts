import { expect, it } from 'vitest';
import { weightsName } from './weights.ts';

it.each([
  ['palettized-4', '4 bits (palettized-4)'],
  ['float32', '32 bits (float32)'],
  ['pruned', 'pruned'],
  ['', ''],
])('%s', (form, expected) => {
  expect(weightsName(form)).toBe(expected);
});
