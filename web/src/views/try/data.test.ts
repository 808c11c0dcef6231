import { describe, expect, it, vi } from 'vitest';

vi.stubGlobal('location', { href: 'http://localhost/', hash: '' });
vi.stubGlobal('sessionStorage', { getItem: () => null });
const { described, kindOf } = await import('./data.ts');

const DIGITS = [...'0123456789'];

it.each([
  ['image', [28, 28, 1], DIGITS, 'digit'],
  ['image', [28, 28], DIGITS, 'digit'],
  ['image', [28, 28, 1], ['coat', 'shirt'], 'picture'],
  ['image', [32, 32, 3], DIGITS, 'picture'],
  ['features', [2], ['a', 'b'], 'plane'],
  ['features', [4], ['a', 'b'], 'features'],
  ['sequence', [50, 1], ['a', 'b'], 'sequence'],
  ['tokens', [20], ['a', 'b'], 'tokens'],
])('kindOf %s %j', (input, shape, labels, kind) => {
  expect(kindOf(input, shape, labels)).toBe(kind);
});

describe('described', () => {
  it('flattens sequences, and gives pictures without channels one', () => {
    const page = {
      name: 'waves',
      split: 'test',
      kind: 'sequence',
      shape: [2, 1],
      labels: null,
      total: 9,
      matching: 9,
      next: null,
      ids: [4],
      targets: [1.5],
      values: [[[0.5], [1]]],
    };
    const details = { name: 'waves', feature_names: ['height'], target_name: '', vocabulary: [] };
    expect(described(details, page, {}).shown).toEqual([{ id: 4, target: 1.5, values: [0.5, 1] }]);
    const rows = { ...page, kind: 'image', shape: [28, 28], values: null };
    expect(described(details, rows, {})).toMatchObject({ shape: [28, 28, 1], shown: [] });
  });
});
