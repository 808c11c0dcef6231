import { expect, it } from 'vitest';
import { isTooLarge, MOST_BYTES } from './size.ts';

it.each([
  ['x'.repeat(MOST_BYTES), false],
  ['x'.repeat(MOST_BYTES + 1), true],
  ['é'.repeat(MOST_BYTES / 2), false],
  ['é'.repeat(MOST_BYTES / 2 + 1), true],
  ['', false],
])('counts bytes, not characters', (text, wanted) =>
  expect(isTooLarge(text.length, () => text)).toBe(wanted),
);
