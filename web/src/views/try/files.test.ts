import { expect, it } from 'vitest';
import { answering, plain } from './files.ts';

const file = (name: string, kind: string) => ({ name, kind, size_bytes: 10 });

it('answering', () => {
  const artifacts = [
    file('model.float32.mlmodel', 'variant'),
    file('model.keras', 'keras'),
    file('model.mlmodel', 'mlmodel'),
    file('model.mlpackage.zip', 'mlpackage'),
  ];
  const tried = [{ artifact: 'model.mlmodel', file: 'model.mlmodel', weights: 'palettized-4' }];
  expect(answering(artifacts, tried, 'auto').map((one) => [one.name, one.weights, one.delivered])).toEqual([
    ['model.mlmodel', 'palettized-4', true],
    ['model.mlpackage.zip', '', true],
    ['model.float32.mlmodel', 'float32', false],
  ]);
  const taken = [{ artifact: 'model.mlpackage', file: 'model.mlpackage', weights: 'palettized-4' }];
  expect(answering(artifacts.slice(3), taken, 'auto')[0]!.weights).toBe('palettized-4');
  expect(answering(artifacts.slice(2, 3), [], 'float32')[0]!.weights).toBe('float32');
});

it('plain', () => {
  expect(plain('model.mlpackage.zip')).toBe('model.mlpackage');
  expect(plain('model.mlmodel')).toBe('model.mlmodel');
});
