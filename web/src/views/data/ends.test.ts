import { expect, it } from 'vitest';
import { endsOf } from './ends.ts';

it('years have no sign between thousands', () => {
  expect(endsOf({ low: 1904, high: 2024, is_whole: true })).toEqual(['1904', '2024']);
  expect(endsOf({ low: 1000, high: 2100, is_whole: true })).toEqual(['1000', '2100']);
});

it('other numbers have one', () => {
  expect(endsOf({ low: 1904.5, high: 2024, is_whole: false })).toEqual(['1,905', '2,024']);
  expect(endsOf({ low: 999, high: 2024, is_whole: true })).toEqual(['999', '2,024']);
  expect(endsOf({ low: 1904, high: 2101, is_whole: true })).toEqual(['1,904', '2,101']);
  expect(endsOf({ low: null, high: null, is_whole: null })).toEqual(['0', '0']);
});
