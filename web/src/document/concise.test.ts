import { expect, it } from 'vitest';
import { concise } from './concise.ts';

const isStandard = (_: string, key: string, value: unknown): boolean => key === 'use_bias' && value === true;

it('leaves out what holds anyway', () => {
  const dense = { type: 'Dense', name: 'dense', use_bias: true, units: 3 };
  const spec = {
    name: 'iris',
    dataset: { name: 'iris' },
    model: { layers: [dense, { ...dense, name: 'last', use_bias: false }], input_shape: [4] },
    training: { epochs: 50, max_seconds: null },
    export: { author: '' },
  };
  expect(concise(spec, isStandard)).toEqual({
    name: 'iris',
    dataset: { name: 'iris' },
    model: {
      layers: [
        { type: 'Dense', units: 3 },
        { type: 'Dense', name: 'last', use_bias: false, units: 3 },
      ],
    },
    training: { epochs: 50 },
    export: {},
  });
});

it('keeps names where layers name their inputs', () => {
  const layers = [
    { type: 'Dense', name: 'dense', units: 3 },
    { type: 'Add', name: 'add', inputs: ['dense', 'input'] },
  ];
  expect(concise({ model: { layers } }, isStandard)).toEqual({ model: { layers } });
});
