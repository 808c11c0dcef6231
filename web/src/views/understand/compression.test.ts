import { expect, it } from 'vitest';
import { changes, recount } from './compression.ts';

const answers = { labels: ['a', 'b', 'c'], truth: [0, 1, 2, 2, 0], predicted: [0, 1, 0, 2, 1] };
const flipped = { samples: [1, 2, 4], labels: [0, 1, 0] };

it('sorts changes: broken, mended, wrong before and after', () =>
  expect(changes(answers, flipped).map((one) => [one.sample, one.before, one.after])).toEqual([
    [1, 1, 0],
    [4, 1, 0],
    [2, 0, 1],
  ]));

it('recounts the accuracy from the changes', () => {
  expect(recount(answers, flipped)).toEqual({ broken: 1, mended: 1, right: 3 });
  expect(recount(answers, { samples: [], labels: [] })).toEqual({ broken: 0, mended: 0, right: 3 });
});
