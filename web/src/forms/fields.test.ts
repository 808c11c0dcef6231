import { describe, expect, it } from 'vitest';
import { ACTIVATIONS, curve } from './activations.ts';
import { fieldsOf, fromSlider, isStandard, toSlider, type Field, type NumberField } from './fields.ts';

const schema = {
  properties: {
    type: { const: 'X' },
    name: { type: 'string' },
    use_bias: { type: 'boolean', default: true },
    kernel_initializer: { enum: ['zeros', 'ones'], default: 'zeros' },
    kernel_regularizer: { anyOf: [{ $ref: '#/$defs/Regularizer' }, { type: 'null' }], default: null },
    activation: { enum: ['linear', 'relu'], default: 'linear' },
    kernel_size: {
      anyOf: [
        { type: 'integer', minimum: 1, maximum: 1e9 },
        { type: 'array', minItems: 2, maxItems: 2, items: { type: 'integer' } },
      ],
    },
    strides: {
      anyOf: [{ type: 'integer' }, { type: 'array', minItems: 2, maxItems: 2 }, { type: 'null' }],
      default: [1, 1],
    },
    dims: { type: 'array', items: { type: 'integer' } },
    layer: {
      oneOf: [{ $ref: '#/$defs/GRU' }, { $ref: '#/$defs/LSTM' }],
    },
    units: { type: 'integer', minimum: 1, maximum: 1e9, description: 'How many.' },
    padding: {
      anyOf: [
        { anyOf: [{ type: 'integer' }, { type: 'array' }] },
        { type: 'array', minItems: 2, maxItems: 2 },
      ],
    },
  },
  required: ['kernel_size', 'units', 'type'],
  $defs: {
    Regularizer: { type: 'object', properties: { l1: { type: 'number' } } },
    GRU: { type: 'object', properties: { type: { const: 'GRU' } } },
    LSTM: { type: 'object', properties: { type: { const: 'LSTM' } } },
  },
};
const fields = new Map(fieldsOf(schema).map((field): [string, Field] => [field.key, field]));

describe('fieldsOf', () => {
  it.each([
    ['units', 'integer'],
    ['use_bias', 'switch'],
    ['activation', 'activation'],
    ['kernel_initializer', 'choice'],
    ['kernel_regularizer', 'penalty'],
    ['kernel_size', 'pair'],
    ['strides', 'pair'],
    ['dims', 'list'],
    ['layer', 'layer'],
    ['padding', 'json'],
  ])('%s is %s', (key, kind) => expect(fields.get(key)?.kind).toBe(kind));

  it('hides type and name, puts required first and folds the rest last', () => {
    const keys = [...fields.keys()];
    expect(keys).not.toContain('type');
    expect(keys.slice(0, 3)).toEqual(['kernel_size', 'units', 'activation']);
    expect(keys.slice(-2)).toEqual(['kernel_initializer', 'kernel_regularizer']);
  });

  it('resolves layers within layers', () => {
    const layer = fields.get('layer');
    expect(layer?.kind === 'layer' && layer.types.map(({ type }) => type)).toEqual(['GRU', 'LSTM']);
  });

  it('knows defaults in both writings', () => {
    expect(isStandard(fields.get('strides')!, 1)).toBe(true);
    expect(isStandard(fields.get('strides')!, [1, 2])).toBe(false);
    expect(isStandard(fields.get('units')!, undefined)).toBe(false);
  });
});

describe('sliders', () => {
  const units = fields.get('units') as NumberField;
  it('are logarithmic for units, and hit powers of two', () => {
    expect(units.logarithmic).toBe(true);
    for (const value of [1, 16, 64, 128, 1024]) expect(fromSlider(units, toSlider(units, value))).toBe(value);
  });

  it('stay in their range', () => {
    expect(toSlider(units, 1e6)).toBe(1);
    expect(fromSlider(units, 0)).toBe(1);
  });

  it('step by round numbers for fractions', () => {
    const noise: NumberField = { ...units, kind: 'number', low: 0, high: 1, logarithmic: false };
    expect(fromSlider(noise, 0.3001)).toBe(0.3);
  });
});

describe('activations', () => {
  it.each([
    ['relu', -1, 0],
    ['relu6', 9, 6],
    ['leaky_relu', -1, -0.2],
    ['elu', -1, -0.632121],
    ['selu', 1, 1.050701],
    ['gelu', 1, 0.841345],
    ['gelu_approximate', 1, 0.841192],
    ['silu', 1, 0.731059],
    ['softplus', 0, 0.693147],
    ['softsign', 1, 0.5],
    ['hard_sigmoid', 1.2, 0.7],
    ['exponential', 1, 2.718282],
  ])('%s(%d) = %d, as Keras computes', (name, x, y) => expect(ACTIVATIONS[name]!(x)).toBeCloseTo(y, 5));

  it('are drawn inside their picture', () => {
    for (const name of [...Object.keys(ACTIVATIONS), 'softmax']) {
      const numbers = curve(name, 30, 18)!
        .match(/-?[\d.]+/g)!
        .map(Number);
      expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...numbers)).toBeLessThanOrEqual(30);
    }
    expect(curve('unknown', 1, 1)).toBeNull();
  });
});
