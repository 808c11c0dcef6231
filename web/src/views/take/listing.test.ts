import { expect, it } from 'vitest';
import { listed, parityOf, type Artifact } from './listing.ts';

const file = (name: string, kind: string): Artifact => ({
  name,
  kind,
  size_bytes: 1,
  sha256: '',
  media_type: '',
  url: '',
  package: null,
});

it('listed', () => {
  const parts = listed([
    file('answers.bin', 'answers'),
    file('model.keras', 'keras'),
    file('model.mlpackage.zip', 'mlpackage'),
    file('model.mlmodel', 'mlmodel'),
    file('report.json', 'report'),
    file('report.html', 'report'),
    file('new.bin', 'something new'),
    file('model.int8.mlmodel', 'variant'),
  ]);
  expect(parts.phone.map(({ name }) => name)).toEqual(['model.mlmodel', 'model.mlpackage']);
  expect(parts.tried.map(({ name }) => name)).toEqual(['model.int8.mlmodel']);
  expect(parts.record.map(({ what }) => what)).toEqual(['report', 'data', 'answers', 'other']);
});

it('parityOf finds a package by the name of its folder', () => {
  const found = {
    file: 'model.mlpackage',
    samples: 10,
    held_out: 10,
    largest_difference: 0,
    tolerance: 1e-4,
    label_agreement: 1,
    accuracy: 1,
    reference: 'trained',
  } as const;
  expect(parityOf([found], 'model.mlpackage.zip')).toBe(found);
  expect(parityOf([found], 'model.mlmodel')).toBeUndefined();
});
