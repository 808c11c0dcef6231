import { render } from 'svelte/server';
import { expect, it, vi } from 'vitest';
import type { Answers } from '../../api/answers.ts';
import Classes from './Classes.svelte';
import Headline from './Headline.svelte';
import type { Report } from './report.ts';
import { partsOf } from './parts.ts';
import { Study } from './study.ts';
import { scores, threshold } from './thresholds.ts';

vi.hoisted(() => vi.stubGlobal('location', new URL('http://127.0.0.1/'))); // what is loaded reads it

/** A run whose samples can be rock, happy, both or neither. */
const study = new Study(
  'job',
  {
    name: 'songs',
    dataset: {
      name: 'table',
      title: 'songs.csv',
      task: 'multi_label',
      kind: 'features',
      labels: [],
      shape: [2],
      test: 200,
    },
    spec: { dataset: { name: 'table' } },
    baseline: { metric: 'label_accuracy', label: 'rock', value: 0.61, model: 0.9375 },
    classes: [
      { label: 'rock', samples: 120, precision: 0.75, recall: 0.875, f1: 0.8, roc_auc: 0.912 },
      { label: 'happy', samples: 0, precision: null, recall: null, f1: null, roc_auc: null },
    ],
  } as unknown as Report,
  {
    labels: [],
    several: [
      { name: 'rock', truth: [1, 0, 1, 0], found: [0.9, 0.4, 0.3, 0.1] },
      { name: 'happy', truth: [0, 0, 0, 0], found: [0.1, 0.2, 0.3, 0.4] },
    ],
    count: 200,
    hasProbabilities: false,
  } as unknown as Answers,
);
const text = (html: string): string =>
  html
    .replace(/<style[^]*?<\/style>|<!--[^]*?-->/g, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');

it('the share of right labels is told with that of the commonest answers', () => {
  const shown = text(render(Headline, { props: { study } }).body);
  expect(shown).toContain('93.8% of the labels are right, on 200 test samples');
  expect(shown).toContain('whichever is more common, would reach 61%. The network is clearly better.');
  expect(shown).not.toContain('mean error');
});

it('each label has its own row of measures', () => {
  const shown = text(render(Classes, { props: { study } }).body);
  expect(shown).toContain('rock 75.0% 87.5% 80.0% 0.912 120');
  expect(shown).toContain('happy none none none none 0');
  expect(shown).toContain('Mean of the labels');
});

it('a label has a threshold of its own', () => {
  const found = scores(study.yesOrNo(0), 0);
  expect([found.positives, found.negatives]).toEqual([2, 2]);
  const { truePositives, falsePositives, falseNegatives } = threshold(found, 0.35);
  expect([truePositives, falsePositives, falseNegatives]).toEqual([1, 1, 1]);
  expect(partsOf(study)).toContain('threshold');
});
