import { describe, expect, it } from 'vitest';
import { bars, extent, histogram, inRows, line, withUnit } from './histogram.ts';

describe('histogram', () => {
  it('counts every value once', () => {
    expect(histogram([0, 0.1, 0.5, 0.9, 1], 2)).toEqual([2, 3]);
    expect(histogram([3, 3, 3], 4)).toEqual([3, 0, 0, 0]);
  });
  it('is drawn within its picture', () => {
    expect(bars([1, 0, 2], 30, 10).match(/M/g)).toHaveLength(2);
  });
});

describe('line', () => {
  it('goes from left to right', () => expect(line([0, 1], 10, 10, 0, 1)).toBe('M0.0 10.0L10.0 0.0'));
  it('of equal values is flat', () => expect(line([2, 2], 10, 10, 2, 2)).toBe('M0.0 10.0L10.0 10.0'));
});

describe('withUnit', () => {
  it.each([
    ['sepal length (cm)', 'sepal length', 'cm'],
    ['malic_acid', 'malic acid', ''],
    ['od280/od315_of_diluted_wines', 'od280/od315 of diluted wines', ''],
  ])('%s', (text, name, unit) => expect(withUnit(text)).toEqual({ name, unit }));
});

describe('inRows', () => {
  it('has one of each class a row', () => {
    expect(inRows([10, 11, 20, 21, 30], [0, 0, 1, 1, 2], 2)).toEqual([10, 20, 30, 11, 21]);
  });
});

describe('extent', () => {
  it('of nothing is 0 to 1', () => expect(extent([])).toEqual([0, 1]));
});
