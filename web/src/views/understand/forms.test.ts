import { expect, it } from 'vitest';
import { forms } from './forms.ts';
import type { Report } from './report.ts';

const compressed = (file: string, weights: string, taken: boolean, artifact: string | null) => ({
  file,
  weights,
  minimum_ios: 16,
  size_bytes: 100,
  float32_bytes: 800,
  accuracy: 0.9,
  mean_absolute_error: null,
  drop: 0.01,
  label_agreement: 0.99,
  flips: 1,
  artifact,
  taken,
});
const flips = (file: string, weights: string) => ({
  file,
  weights,
  artifact: null,
  taken: false,
  samples: [3],
  labels: [1],
});
const report: Pick<Report, 'files' | 'variants' | 'parity' | 'compression' | 'metrics'> = {
  metrics: { accuracy: 0.91 },
  files: [
    { name: 'model.mlpackage', size_bytes: 100, kind: 'mlpackage' },
    { name: 'model.mlpackage.zip', size_bytes: 110, kind: 'mlpackage' },
    { name: 'model.onnx', size_bytes: 900, kind: 'onnx' },
    { name: 'answers.bin', size_bytes: 9, kind: 'answers' },
  ],
  variants: [
    { name: 'model.float32.mlpackage', size_bytes: 800, kind: 'variant', weights: 'float32' },
    { name: 'model.int8.mlpackage', size_bytes: 200, kind: 'variant', weights: 'int8' },
  ],
  parity: [
    {
      file: 'model.mlpackage',
      samples: 9,
      held_out: 9,
      largest_difference: 0.5,
      tolerance: 1,
      label_agreement: 1,
      accuracy: 1,
      reference: 'decompressed',
    },
  ],
  compression: [
    compressed('model.mlpackage', 'int4', false, null),
    compressed('model.mlpackage', 'int8', false, 'model.int8.mlpackage.zip'),
    compressed('model.mlpackage', 'palettized-4', true, 'model.mlpackage.zip'),
  ],
};

it('lists each file once: delivered, kept, and what was only tried', () => {
  const found = forms(report, [
    flips('model.mlpackage', 'palettized-4'),
    flips('model.mlpackage', 'int8'),
    flips('model.mlpackage', 'int4'),
  ]);
  expect(found.map((one) => [one.file, one.weights, one.role])).toEqual([
    ['model.mlpackage', 'palettized-4', 'delivered'],
    ['model.onnx', 'float32', 'delivered'],
    ['model.int8.mlpackage', 'int8', 'variant'],
    ['model.float32.mlpackage', 'float32', 'variant'],
    ['model.mlpackage', 'int4', 'tried'],
  ]);
  expect(found[0]).toMatchObject({ difference: 0.5, full: 800, flips: { weights: 'palettized-4' } });
  expect(found[1]).toMatchObject({ flips: null, accuracy: 0.91, difference: null, full: null });
  expect(found[4]).toMatchObject({ difference: null, flips: { weights: 'int4' } });
});

it('has nothing to tell of a run without files', () =>
  expect(forms({ ...report, files: [], variants: [], compression: [] }, [])).toEqual([]));
