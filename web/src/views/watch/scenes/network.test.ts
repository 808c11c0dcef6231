import { describe, expect, it } from 'vitest';
import type { FilmHeader, FilmPart, Frame } from '../../../film/film.ts';
import { networkOf, strongestLine, unitFacts, weightsOf, type LayerRow } from './network.ts';

const part = (name: string, ...shape: number[]): FilmPart => ({ name, shape, kind: 'float16' });
const header = (labels: string[], ...parts: FilmPart[]): FilmHeader => ({
  parts,
  name: 'n',
  task: 'classification',
  labels,
  epochs: 1,
  steps_per_epoch: 1,
});
const row = (name: string, layer: string, ...output_shape: number[]): LayerRow => ({
  name,
  layer,
  output_shape,
});
const units = (layer: string): string => `unit/${layer}`;
const frameOf = (parts: Record<string, number[]>): Frame =>
  ({ part: (name: string) => Float32Array.from(parts[name]!) }) as unknown as Frame;

const two = header(
  ['a', 'b'],
  part('unit/d', 2, 1, 2),
  part('weights/d/kernel', 2, 2),
  part('weights/d/bias', 2),
  part('weights/e/kernel', 2, 2),
);
const layers = [
  row('n', 'Normalization', 2),
  row('d', 'Dense', 2),
  row('drop', 'Dropout', 2),
  row('e', 'Dense', 2),
];
const frame = frameOf({
  'unit/d': [-1, 0, 0, 0],
  'weights/d/kernel': [1, -2, 0.5, 3],
  'weights/d/bias': [0.25, -0.5],
  'weights/e/kernel': [1, 4, 2, -1],
});

describe('networkOf', () => {
  it('has columns from the input to the answer', () => {
    const network = networkOf(two, layers, units)!;
    expect(network.columns.map(({ kind, shown }) => [kind, shown])).toEqual([
      ['input', 2],
      ['hidden', 2],
      ['answer', 1],
    ]);
    expect(network.straight).toBe(true);
  });
  it('takes the activation behind a layer, and knows that a norm mixes units', () => {
    const asked: string[] = [];
    const rows = [
      row('d', 'Dense', 2),
      row('norm', 'LayerNormalization', 2),
      row('a', 'Activation', 2),
      row('e', 'Dense', 2),
    ];
    const network = networkOf(two, rows, (layer, end) => (asked.push(`${layer} ${end}`), units(layer)));
    expect(asked).toEqual(['d a']);
    expect(network!.straight).toBe(false);
  });
  it('is none where paths join, or other layers compute', () => {
    expect(networkOf(two, [...layers, row('x', 'Add', 2)], units)).toBeNull();
    expect(networkOf(two, [row('l', 'LSTM', 2), row('d', 'Dense', 2)], units)).toBeNull();
    expect(networkOf(two, [], units)).toBeNull();
  });
  it('leaves out layers without units in the film, and the lines beside them', () => {
    const rows = [row('d', 'Dense', 2), row('f', 'Dense', 90), row('e', 'Dense', 2)];
    const network = networkOf(two, rows, units)!;
    expect(network.columns.map(({ layer }) => layer)).toEqual(['', 'd', 'e']);
    expect(network.bundles.map((bundle) => bundle?.part ?? null)).toEqual(['weights/d/kernel', null]);
  });
});

describe('weights', () => {
  const network = networkOf(two, layers, units)!;
  it('between two columns', () => expect([...weightsOf(network, frame, 0)!]).toEqual([1, -2, 0.5, 3]));
  it('to the answer of two outputs are differences', () =>
    expect([...weightsOf(network, frame, 1)!]).toEqual([3, -3]));
  it('has the strongest line', () =>
    expect(strongestLine(network, frame)).toEqual({
      from: { column: 0, index: 1 },
      to: { column: 1, index: 1 },
      weight: 3,
    }));
});

it('unitFacts has what is true of a unit', () => {
  const network = networkOf(two, layers, units)!;
  expect(unitFacts(network, frame, { column: 1, index: 0 })).toEqual({
    incoming: [
      { index: 0, weight: 1 },
      { index: 1, weight: 0.5 },
    ],
    bias: 0.25,
    outgoing: [{ index: 0, weight: 3 }],
    rank: 1,
    of: 2,
    low: -1,
    high: 0,
    zero: 0.5,
  });
  expect(unitFacts(network, frame, { column: 1, index: 1 }).zero).toBe(1);
});
