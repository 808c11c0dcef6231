import { describe, expect, it } from 'vitest';
import { mergeOn, newLayer, placeFor, type TypeLike } from './defaults.ts';
import { defaultName } from '../document/layers.ts';
import { canMove, exchange, freeName, insertion, rewired } from './edits.ts';
import { INPUT, networkOf, type LayerLike, type PatchStep } from './network.ts';
import { starterLayers } from './starter.ts';

type Value = Record<string, unknown>;

/** Layers as the draft makes them from a document. */
function read(values: Value[]): LayerLike[] {
  const names = new Map(values.map((layer, index) => [layer['name'], index]));
  return values.map((layer, index) => ({
    index,
    type: String(layer['type']),
    name:
      typeof layer['name'] === 'string' ? layer['name'] : `${defaultName(String(layer['type']))}_${index}`,
    values: layer,
    inbound: Array.isArray(layer['inputs'])
      ? layer['inputs'].map((name: string) => names.get(name) ?? INPUT)
      : [index - 1],
  }));
}

/** What the steps of these tests do, on a copy. */
function patched(values: Value[], steps: PatchStep[]): Value[] {
  const copy = structuredClone(values);
  for (const { op, path, value } of steps) {
    const [, , , index, ...rest] = path.split('/');
    const at = Number(index);
    if (rest.length === 0) {
      if (op === 'add') copy.splice(at, 0, structuredClone(value) as Value);
      else if (op === 'remove') copy.splice(at, 1);
      else copy[at] = structuredClone(value) as Value;
    } else {
      const layer = copy[at]!;
      if (rest.length === 2) (layer[rest[0]!] as unknown[])[Number(rest[1])] = value;
      else if (op === 'remove') Reflect.deleteProperty(layer, rest[0]!);
      else layer[rest[0]!] = value;
    }
  }
  return copy;
}
const types = (values: Value[]): string[] => values.map(({ type }) => String(type));

const CHAIN: Value[] = [{ type: 'A' }, { type: 'B' }, { type: 'C' }];
const SKIP: Value[] = [
  { type: 'A', name: 'stem' },
  { type: 'B' },
  { type: 'C', name: 'change' },
  { type: 'Add', inputs: ['stem', 'change'] },
  { type: 'D' },
];

describe('insertion', () => {
  it('in a chain adds one layer', () => {
    expect(types(patched(CHAIN, insertion(read(CHAIN), { from: 0, to: 1, port: 0 }, { type: 'X' })))).toEqual(
      ['A', 'X', 'B', 'C'],
    );
  });

  it('on a skip rewires only that edge', () => {
    const after = patched(SKIP, insertion(read(SKIP), { from: 0, to: 3, port: 0 }, { type: 'X' }));
    const layers = read(after);
    expect(after[3]).toEqual({ type: 'X', name: 'x', inputs: ['stem'] });
    expect(after[4]).toEqual({ type: 'Add', inputs: ['x', 'change'] });
    expect(layers[4]!.inbound).toEqual([3, 2]);
  });
});

describe('exchange', () => {
  it('in a chain swaps two layers', () => {
    expect(canMove(read(CHAIN), 1, -1)).toBe(true);
    expect(types(patched(CHAIN, exchange(read(CHAIN), 1, -1)))).toEqual(['B', 'A', 'C']);
    expect(canMove(read(CHAIN), 0, -1)).toBe(false);
    expect(canMove(read(CHAIN), 2, 1)).toBe(false);
  });

  it('leaves names where others look for them', () => {
    const after = patched(SKIP, exchange(read(SKIP), 1, 1));
    expect(types(after)).toEqual(['A', 'C', 'B', 'Add', 'D']);
    expect(read(after)[3]!.inbound).toEqual([0, 2]);
    expect(canMove(read(SKIP), 3, -1)).toBe(false);
  });
});

describe('rewired', () => {
  it('names layers that have none', () => {
    const after = patched(CHAIN, rewired(read(CHAIN), 2, [1, 0]));
    expect(read(after)[2]!.inbound).toEqual([1, 0]);
    expect(after[0]).toHaveProperty('name', 'a_0');
  });
});

describe('names', () => {
  it('are free', () => expect(freeName(read(SKIP), 'stem')).toBe('stem_2'));
});

const kind = (type: string, given: Value = {}): TypeLike => ({
  type,
  help: '',
  merges: false,
  example: { input_shape: [1], arguments: given },
  schema: {},
});

describe('a new layer', () => {
  it('has arguments that fit', () => {
    expect(newLayer(kind('Conv2D'), [2, 2, 8])).toMatchObject({ kernel_size: 1 });
    expect(newLayer(kind('Permute'), [8, 2])).toMatchObject({ dims: [2, 1] });
    expect(newLayer(kind('Reshape'), [7, 7, 4])).toMatchObject({ target_shape: [196] });
    expect(newLayer(kind('GroupNormalization'), [9])).toMatchObject({ groups: 3 });
  });

  it('goes where it fits', () => {
    const layers = read([{ type: 'Conv2D' }, { type: 'Flatten' }, { type: 'Dense' }]);
    const rows = [
      { name: 'a', type: 'Conv2D', output_shape: [26, 26, 8], parameters: 1 },
      { name: 'b', type: 'Flatten', output_shape: [5408], parameters: 0 },
      { name: 'c', type: 'Dense', output_shape: [10], parameters: 1 },
    ];
    const network = networkOf(layers, [28, 28, 1], { row: (index) => rows[index] ?? null, problems: [] });
    expect(placeFor(network, kind('MaxPooling2D'), null)).toMatchObject({ from: 0, to: 1 });
    expect(placeFor(network, kind('Dense'), null)).toMatchObject({ from: 1, to: 2 });
    expect(placeFor(network, kind('RandomFlip'), null)).toMatchObject({ from: INPUT, to: 0 });
    expect(placeFor(network, kind('Dropout'), 0)).toMatchObject({ from: 0, to: 1 });
  });

  it('that merges takes an earlier layer of the same shape', () => {
    const values = [{ type: 'Dense' }, { type: 'Dense' }, { type: 'Dense' }];
    const rows = values.map(({ type }, at) => ({ name: `d${at}`, type, output_shape: [8], parameters: 1 }));
    const layers = read(values);
    const network = networkOf(layers, [4], { row: (index) => rows[index] ?? null, problems: [] });
    const after = patched(values, mergeOn(network, layers, { from: 1, to: 2, port: 0 }, 'Add'));
    expect(types(after)).toEqual(['Dense', 'Dense', 'Add', 'Dense']);
    expect(read(after)[2]!.inbound).toEqual([1, 0]);
  });
});

describe('starterLayers', () => {
  it('follow the kind of samples', () => {
    const data = { name: 'x', task: 'classification', labels: ['a', 'b', 'c'] };
    expect(types(starterLayers({ ...data, shape: [4] }) as Value[])).toEqual(['Dense', 'Dense']);
    expect(types(starterLayers({ ...data, shape: [50, 1] }) as Value[])).toEqual(['LSTM', 'Dense']);
    expect(types(starterLayers({ ...data, shape: [20], tokens: 3 }) as Value[])).toEqual([
      'Embedding',
      'GRU',
      'Dense',
    ]);
    expect(starterLayers({ ...data, task: 'regression', shape: [10] }).at(-1)).toEqual({
      type: 'Dense',
      units: 1,
    });
  });
});
