import { expect, it, vi } from 'vitest';

vi.stubGlobal('location', { hash: '', href: 'http://127.0.0.1/', pathname: '/', search: '' });
const { learned } = await import('./camera.svelte.ts');

const holds = (...lengths: number[]): number[] =>
  lengths.flatMap((length, hold) => Array<number>(length).fill(hold));

it.each([
  [holds(10), 8], // one hold only: its end
  [holds(7, 3), 7], // the whole last hold
  [holds(5, 5), 8], // which would be too much
  [holds(3, 3, 3), 6],
  [holds(2, 8, 1), 10], // never nothing
  [holds(1, 1), 1],
  [holds(1, 1, 1, 1, 1, 1, 1, 1, 1, 1), 8], // picture files
])('learned %j', (found, expected) => {
  expect(learned(found)).toBe(expected);
});
