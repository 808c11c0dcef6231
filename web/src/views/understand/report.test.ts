// @vitest-environment jsdom
import { expect, it } from 'vitest';
import { chosenSample } from './choice.ts';
import { datasetOf, perLabel } from './report.ts';
import { partsOf } from './parts.ts';

it('takes the options of the document, without those that are not set', () => {
  const spec = { dataset: { name: 'moons', noise: 0.3, seed: 0, num_samples: null, sizes: [1, 2] } };
  expect(datasetOf({ spec })).toEqual({
    name: 'moons',
    options: { noise: '0.3', seed: '0', sizes: '[1,2]' },
  });
});

it('reads the sample in the address', () => {
  const of = (text: string): number | null => chosenSample(new URLSearchParams(text), 30);
  expect(of('sample=0')).toBe(0);
  expect(of('sample=29')).toBe(29);
  for (const wrong of ['', 'sample=', 'sample=30', 'sample=-1', 'sample=1.5', 'sample=x'])
    expect(of(wrong)).toBeNull();
});

it('has the threshold for two classes only, and nothing that needs probabilities without them', () => {
  const of = (labels: string[], hasProbabilities = true) =>
    partsOf({ labels, hasProbabilities, isRegression: !labels.length, isMultiLabel: false });
  expect(of(['a', 'b'])).toContain('threshold');
  expect(of(['a', 'b', 'c'])).not.toContain('threshold');
  expect(of(['a', 'b'], false)).toEqual(['mistakes', 'classes', 'cost', 'weights']);
  expect(of([])).toEqual(['found', 'residuals', 'cost', 'weights']);
});

it('has scores of labels, and neither a matrix nor errors of the first, where a sample can have several', () => {
  expect(partsOf({ labels: [], hasProbabilities: false, isRegression: false, isMultiLabel: true })).toEqual([
    'labels',
    'threshold',
    'cost',
    'weights',
  ]);
  const rock = { label: 'rock', samples: 3, precision: 0.5, recall: 1, f1: 0.6, roc_auc: null };
  expect(perLabel([rock])).toEqual([{ label: 0, support: 3, precision: 0.5, recall: 1, f1: 0.6, auc: NaN }]);
  expect(perLabel(undefined)).toEqual([]);
});
