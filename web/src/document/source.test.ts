import { describe, expect, it } from 'vitest';
import { read } from './source.ts';

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

it('reads a text of a megabyte, whatever is in it', () => {
  const long = 'x\\\\'.repeat(500_000);
  expect(read(`["${long}"]`).errors).toEqual([]);
  expect(read(`["${long}`).value).toBeUndefined();
  expect(read('"\\'.repeat(500_000)).value).toBeUndefined();
  expect(read(`"${'['.repeat(1_000_000)}`).value).toBeUndefined();
});

describe('A text that is nested', () => {
  it('is read as deeply as any document is', () => {
    expect(read(nested(150)).value).toBeDefined();
    expect(read(`["${'['.repeat(1000)} \\" ${'['.repeat(1000)}"]`).value).toHaveLength(1);
  });

  it.each([201, 5000, 200_000])('with %i levels cannot be read, and throws nothing', (depth) => {
    for (const text of [nested(depth), '{"a":'.repeat(depth), '['.repeat(depth)]) {
      const { value, root, errors } = read(text);
      expect([value, root, errors.length]).toEqual([undefined, undefined, 1]);
    }
  });
});
