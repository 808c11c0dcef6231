import { describe, expect, it } from 'vitest';
import { branches, GHOST, INPUT, layerAt, networkOf, type LayerLike, type RowLike } from './network.ts';

const chain = (...types: string[]): LayerLike[] =>
  types.map((type, index) => ({
    index,
    type,
    name: `${type}_${index}`,
    values: { type },
    inbound: [index - 1],
  }));
const row = (type: string, output_shape: number[], parameters = 0, name = type.toLowerCase()): RowLike => ({
  name,
  type,
  output_shape,
  parameters,
});
const notFlat = {
  pointer: '/model/layers/1',
  code: 'not-flat',
  fix: [{ op: 'add', path: '/model/layers/1', value: { type: 'Flatten' } }],
};

const conv = (index: number): RowLike | null => (index ? null : row('Conv2D', [26, 26, 8], 80));

describe('layerAt', () => {
  it.each([
    ['/model/layers/12', 12],
    ['/model/layers/3/units', 3],
    ['/model/layers', null],
    ['/training/epochs', null],
  ])('%s', (pointer, index) => expect(layerAt(pointer)).toBe(index));
});

describe('networkOf', () => {
  const layers = chain('Conv2D', 'Dense', 'Dense');

  it('marks what is wrong and what comes after', () => {
    const { nodes } = networkOf(layers, [28, 28, 1], {
      row: conv,
      problems: [{ pointer: '/model/layers/1', fix: null }],
    });
    expect(nodes.map(({ state }) => state)).toEqual(['fine', 'fine', 'wrong', 'after']);
    expect(nodes.at(-1)?.last).toBe(true);
  });

  it('shows the layer that the fix inserts, with its shape after the repair', () => {
    const { nodes, edges } = networkOf(layers, [28, 28, 1], {
      row: conv,
      problems: [notFlat],
      repaired: [row('Conv2D', [26, 26, 8]), row('Flatten', [5408]), row('Dense', [10])],
    });
    expect(nodes.map(({ id }) => id)).toEqual([INPUT, 0, GHOST, 1, 2]);
    expect(nodes[2]).toMatchObject({ type: 'Flatten', shape: [5408], state: 'ghost' });
    expect(edges).toContainEqual({ from: 0, to: GHOST, port: 0 });
    expect(edges).toContainEqual({ from: GHOST, to: 1, port: 0 });
  });

  it('knows nothing before the first check', () => {
    expect(networkOf(layers, null, null).nodes.map(({ state }) => state)).toEqual([
      'fine',
      'unknown',
      'unknown',
      'unknown',
    ]);
  });
});

describe('branches', () => {
  it('is false for chains', () => expect(branches(chain('Dense', 'Dense'))).toBe(false));
  it('is true for a skip', () =>
    expect(branches([...chain('Dense', 'Dense'), { ...chain('Add')[0]!, index: 2, inbound: [0, 1] }])).toBe(
      true,
    ));
});
