import { describe, expect, it } from 'vitest';
import { interfaceOf } from './interface.ts';
import { className, swift } from './swift.ts';

const DIGITS = interfaceOf({ kind: 'image', shape: [28, 28, 1], labels: [...'0123456789'] });
const IRIS = interfaceOf({ kind: 'features', shape: [4], labels: ['setosa', 'versicolor', 'virginica'] });

describe('interfaceOf', () => {
  // As `quickml inspect` shows these files.
  it.each([
    ['image', [28, 28, 1], { name: 'image', kind: 'image', shape: [28, 28, 1], type: '' }],
    ['image', [28, 28], { name: 'image', kind: 'image', shape: [28, 28, 1], type: '' }],
    ['features', [2], { name: 'features', kind: 'multiarray', shape: [1, 2], type: 'float32' }],
    ['sequence', [50, 1], { name: 'sequence', kind: 'multiarray', shape: [1, 50, 1], type: 'float32' }],
    ['tokens', [20], { name: 'tokens', kind: 'multiarray', shape: [1, 20], type: 'int32' }],
  ])('%s %j', (kind, shape, input) => {
    expect(interfaceOf({ kind, shape, labels: null })).toEqual({ input, labels: [] });
  });
});

describe('className', () => {
  it.each([
    ['MNIST two convolutions', 'MNISTTwoConvolutions'],
    ['iris', 'Iris'],
    ['3 digits', 'Model3Digits'],
    ['model', 'ModelModel'],
    ['...', 'Model'],
    ['my-net_2.1', 'MyNet21'],
  ])('%s', (name, expected) => {
    expect(className(name)).toBe(expected);
  });
});

describe('swift', () => {
  it('asks Vision about images', () => {
    const text = swift('Digits', 'model.mlmodel', DIGITS);
    expect(text).toContain('to the Xcode project as Digits.mlmodel');
    expect(text).toContain('VNCoreMLModel(for: Digits(configuration: MLModelConfiguration()).model)');
    expect(text).toContain('VNCoreMLRequest(model: model)');
    expect(text).toContain('scales it to 28 x 28 grey pixels');
    expect(text).toContain('0, 1, 2, 3, 4, 5, 6, 7, 8, 9');
  });

  it('makes arrays of the shape and type in the file', () => {
    const text = swift('Iris', 'model.mlpackage.zip', IRIS);
    expect(text).toContain('model.mlpackage to the Xcode project as Iris.mlpackage');
    expect(text).toContain('MLMultiArray(shape: [1, 4], dataType: .float32)');
    expect(text).toContain('model.prediction(features: array)');
    expect(text).toContain('(label: output.label, probabilities: output.probabilities)');
    const tokens = interfaceOf({ kind: 'tokens', shape: [20], labels: ['no', 'yes'] });
    expect(swift('B', 'model.mlmodel', tokens)).toMatch(
      /_ tokens: \[Int32\].*shape: \[1, 20\], dataType: \.int32/s,
    );
  });

  it('reads the number of a regression', () => {
    const text = swift(
      'Sum',
      'model.mlmodel',
      interfaceOf({ kind: 'sequence', shape: [30, 2], labels: null }),
    );
    expect(text).toContain('throws -> Float');
    expect(text).toContain('output.prediction[0].floatValue');
    expect(text).toContain('60 numbers, 2 for each of 30 steps');
    const image = interfaceOf({ kind: 'image', shape: [8, 8, 3], labels: null });
    expect(swift('Age', 'model.mlmodel', image)).toContain('VNCoreMLFeatureValueObservation');
  });

  it('has balanced brackets, and labels end no comment', () => {
    const labels = ['a\nfatalError()', 'b\u2028c'];
    for (const model of [DIGITS, IRIS, { ...IRIS, labels }]) {
      const text = swift('Name', 'model.mlmodel', model);
      for (const [open, close] of ['{}', '()', '[]'] as const)
        expect(text.split(open!).length).toBe(text.split(close!).length);
      expect(text).not.toMatch(/^fatalError|\u2028/m);
    }
  });
});
