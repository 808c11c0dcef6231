import { expect, it } from 'vitest';
import { Newest } from './newest.ts';

it('only the newest of several requests counts', () => {
  const newest = new Newest();
  const first = newest.begin();
  expect(first()).toBe(true);
  const second = newest.begin();
  expect([first(), second()]).toEqual([false, true]);
  newest.begin(); // something else takes its place
  expect([first(), second()]).toEqual([false, false]);
});
