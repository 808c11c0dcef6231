import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import en from '../text/document/en.ts';
import { spoken, weightiest } from './estimate.ts';
import { Settings, typed } from './settings.ts';

const SCHEMA = JSON.parse(
  readFileSync(new URL('../../../docs/reference/spec.schema.json', import.meta.url), 'utf8'),
) as Record<string, unknown>;

const of = (training: unknown, other: object = {}): Settings => new Settings(SCHEMA, { training, ...other });
const keys = (settings: readonly { key: string }[]): string[] => settings.map(({ key }) => key);

describe('Settings', () => {
  it('are those of the schema', () => {
    const settings = of(undefined);
    expect(keys(settings.basic)).toEqual(['optimizer', 'learning_rate', 'batch_size', 'epochs']);
    expect(settings.basic.map(({ standard }) => standard)).toEqual(['Adam', 0.001, 32, 10]);
    expect(settings.basic[0]!.options).toContain('SGD');
    expect(keys(settings.files)).toEqual([
      'formats',
      'weights',
      'minimum_ios',
      'updatable',
      'author',
      'license',
      'description',
    ]);
  });

  it('ask for what the chosen types need', () => {
    const settings = of(
      { optimizer: 'sgd', early_stopping: {}, learning_rate_schedule: { type: 'CosineDecay' } },
      { export: { weights: 'auto' } },
    );
    expect(settings.optimizer).toBe('SGD');
    expect(keys(settings.more)).toEqual(
      expect.arrayContaining(['patience', 'alpha', 'momentum', 'nesterov']),
    );
    expect(keys(settings.more)).not.toContain('type');
    expect(keys(settings.files)).toContain('max_accuracy_drop');
  });

  it('are all explained', () => {
    const explained = new Set(Object.keys(en.settings));
    const { optimizers } = of(undefined);
    for (const type of optimizers)
      for (const schedule of of(undefined).more.find(({ key }) => key === 'learning_rate_schedule')!.options)
        for (const weights of ['auto', 'pruned']) {
          const settings = of(
            { optimizer: { type }, early_stopping: {}, learning_rate_schedule: { type: schedule } },
            { export: { weights } },
          );
          const all = keys([...settings.basic, ...settings.more, ...settings.files]);
          expect(all.filter((key) => !explained.has(key))).toEqual([]);
        }
    expect(optimizers.filter((name) => !(name in en.optimizers))).toEqual([]);
  });

  it('keep what two optimizers share', () => {
    const settings = of({ optimizer: { type: 'SGD', learning_rate: 0.1, momentum: 0.9 } });
    const [optimizer] = settings.basic;
    expect(settings.written(optimizer!, 'Adam')).toEqual({ type: 'Adam', learning_rate: 0.1 });
    expect(of({ optimizer: 'SGD' }).written(optimizer!, 'Adam')).toBe('Adam');
  });

  it('write what is valid', () => {
    const settings = of({});
    const stopping = settings.more.find(({ key }) => key === 'early_stopping')!;
    expect(settings.written(stopping, true)).toEqual({ monitor: 'loss' });
    expect(of({ validation_fraction: 0.1 }).written(stopping, true)).toEqual({});
    expect(settings.written(stopping, false)).toBeUndefined();
  });

  it('use the other name of weights where the document does', () => {
    const settings = of(undefined, { export: { precision: 'int8' } });
    const weights = settings.files.find(({ key }) => key === 'weights')!;
    expect(settings.value(weights)).toBe('int8');
    expect(settings.place(weights)).toBe('/export/precision');
  });
});

describe('typed', () => {
  it.each([
    ['0.5', 'number', 0.5],
    ['0,5', 'number', 0.5],
    ['1e-3', 'number', 0.001],
    ['', 'number', null],
    ['1.5', 'integer', null],
    ['x', 'number', null],
    ['10, 20', 'list', [10, 20]],
    ['0.1; 0.01', 'list', [0.1, 0.01]],
    ['10, x', 'list', null],
    ['me', 'text', 'me'],
  ] as const)('%s as %s', (text, kind, value) => expect(typed(text, kind)).toEqual(value));
});

describe('estimates', () => {
  it.each([
    [0.2, [1, 'second']],
    [19.6, [20, 'second']],
    [164, [2.5, 'minute']],
    [589, [10, 'minute']],
    [5000, [83, 'minute']],
    [9000, [2.5, 'hour']],
  ] as const)('%f', (seconds, words) => expect(spoken(seconds)).toEqual(words));

  it('find the layer with the most weights', () => {
    const rows = [
      { name: 'rescaling', type: 'Rescaling', output_shape: [4], parameters: 0 },
      { name: 'conv2d', type: 'Conv2D', output_shape: [4], parameters: 20 },
      { name: 'dense', type: 'Dense', output_shape: [4], parameters: 980 },
    ];
    expect(weightiest(rows, ['conv2d', 'dense'])).toEqual({ index: 1, type: 'Dense', share: 0.98 });
    expect(weightiest(rows.slice(0, 2), ['conv2d'])).toBeNull();
  });
});
