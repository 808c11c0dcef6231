import { expect, it } from 'vitest';
import { featureTitle } from './features.ts';

it('featureTitle', () => {
  expect(featureTitle('diabetes', 's1')).toBe('total cholesterol (s1)');
  expect(featureTitle('diabetes', 'age')).toBe('age');
  expect(featureTitle('iris', 's1')).toBe('s1');
});
