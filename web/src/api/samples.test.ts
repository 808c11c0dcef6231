import { beforeAll, describe, expect, it, vi } from 'vitest';

beforeAll(() => {
  vi.stubGlobal('location', { href: 'http://localhost/', hash: '' });
  vi.stubGlobal('sessionStorage', { getItem: () => null });
});

describe('datasetOf', () => {
  it.each([
    [{ dataset: 'iris' }, { name: 'iris', options: {} }],
    [{ dataset: { name: 'moons', noise: 0.1 } }, { name: 'moons', options: { noise: 0.1 } }],
    [null, { name: '', options: {} }],
    [{ dataset: 3 }, { name: '', options: {} }],
  ])('%j', async (document, expected) => {
    const { datasetOf } = await import('./samples.ts');
    expect(datasetOf(document)).toEqual(expected);
  });
});

describe('sheetUrl', () => {
  it('has ids, split and options', async () => {
    const { sheetUrl } = await import('./samples.ts');
    expect(sheetUrl('mnist', [3, 17], { fraction: 0.5 })).toBe(
      'v1/datasets/mnist/sheet.png?fraction=0.5&split=test&ids=3%2C17',
    );
  });
});
