import { expect, it, vi } from 'vitest';
import { LIGHT } from '../../charts/colours.ts';

vi.stubGlobal('location', { href: 'http://localhost/', hash: '' });
vi.stubGlobal('sessionStorage', { getItem: () => null });
const { cells, places } = await import('./survey.ts');
const { featuresOf } = await import('./features.ts');

it('places are the middles of the cells, from the top', () => {
  const [x, y] = featuresOf(
    ['x', 'y'],
    [
      [0, 0],
      [1, 1],
    ],
  );
  const found = places(2, [
    { ...x!, low: 0, high: 4 },
    { ...y!, low: 0, high: 4 },
  ]);
  expect(found).toEqual([
    [1, 3],
    [3, 3],
    [1, 1],
    [3, 1],
  ]);
});

it('cells are paler where the file is less sure', () => {
  const answers = [1, 0.5, 0.5, 1].map((value) => ({ label: 1, value }));
  const rgba = cells({ side: 2, answers, isClasses: true }, LIGHT);
  expect(rgba[2]! - rgba[0]!).toBeGreaterThan(rgba[6]! - rgba[4]!); // more blue than red
  expect(rgba[3]).toBe(255);
  const values = cells({ side: 1, answers: [{ label: 0, value: 7 }], isClasses: false }, LIGHT);
  expect([...values.slice(0, 3)]).toEqual([...LIGHT.orange]);
});
