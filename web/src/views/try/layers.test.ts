import { expect, it } from 'vitest';
import type { Activation } from '../../api/arrays.ts';
import { formOf, shown, zeros } from './layers.ts';

const layer = (name: string, shape: number[]): Activation => ({
  layer: name,
  units: shape.at(-1)!,
  shape,
  bytes: new Uint8Array(),
  scale: 1,
  offset: 0,
  low: 0,
  high: 255,
  values: new Float32Array(),
});

it('shown', () => {
  const all = [layer('rescaling', [28, 28, 1]), layer('conv2d', [26, 26, 8]), layer('dense', [10])];
  const types = new Map([
    ['rescaling', 'Rescaling'],
    ['conv2d', 'Conv2D'],
  ]);
  types.set('gru', 'GRU').set('dropout', 'Dropout');
  const { layers, left, absent } = shown(all, types);
  expect(layers.map(({ type, form }) => [type, form])).toEqual([
    ['Conv2D', 'maps'],
    ['dense', 'vector'],
  ]);
  expect(left).toEqual(['Rescaling']);
  expect(absent).toEqual(['GRU']);
});

it('formOf', () => {
  expect([[26, 26, 8], [50, 16], [10]].map(formOf)).toEqual(['maps', 'sequence', 'vector']);
});

it('zeros', () => {
  expect(zeros({ bytes: Uint8Array.of(0, 0, 255, 9), low: 0, scale: 0.1 })).toBe(0.5);
  expect(zeros({ bytes: Uint8Array.of(10, 0), low: -1, scale: 0.1 })).toBe(0.5);
  expect(zeros({ bytes: Uint8Array.of(0, 0), low: 0, scale: 0 })).toBe(1);
});
