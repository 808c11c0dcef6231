import { expect, it } from 'vitest';
import type { ReportLayer } from './report.ts';
import { busiest, heaviest, layerShares } from './weights.ts';

/** Layers that follow each other. */
const chain = (...rows: [string, number[], number][]): ReportLayer[] =>
  rows.map(([type, output_shape, parameters], i) => ({
    name: `${type} ${i}`,
    type,
    inputs: [i ? `${rows[i - 1]![0]} ${i - 1}` : 'input'],
    output_shape,
    parameters,
  }));

it('finds that the weights sit in the Dense layer, and the work in the convolution', () => {
  const shares = layerShares(
    chain(
      ['Rescaling', [28, 28, 1], 0],
      ['Conv2D', [26, 26, 32], 320],
      ['Conv2D', [24, 24, 64], 18_496],
      ['MaxPooling2D', [12, 12, 64], 0],
      ['Flatten', [9216], 0],
      ['Dense', [128], 1_179_776],
      ['Dense', [10], 1290],
    ),
    [28, 28, 1],
  );
  expect(shares.map((one) => one.weights)).toEqual([320, 18_496, 1_179_776, 1290]);
  expect(shares.map((one) => one.work)).toEqual([320 * 676, 18_496 * 576, 1_179_776, 1290]);
  expect(heaviest(shares)).toMatchObject({ type: 'Dense', weightShare: expect.closeTo(0.983, 3) as number });
  expect(busiest(shares)).toMatchObject({ name: 'Conv2D 2', workShare: expect.closeTo(0.884, 3) as number });
});

it('counts recurrent weights once a step, and looks tokens up', () => {
  const shares = layerShares(chain(['Embedding', [30, 4], 12], ['LSTM', [8], 416]), [30]);
  expect(shares.map((one) => one.work)).toEqual([0, 416 * 30]);
  expect(layerShares(chain(['LSTM', [8], 416]), [50, 1])[0]!.work).toBe(416 * 50);
});

it('leaves out what training does not change, and networks without weights', () => {
  expect(layerShares(chain(['Normalization', [4], 9], ['Dense', [3], 15]), [4])).toHaveLength(1);
  expect(layerShares(chain(['Flatten', [4], 0]), [2, 2])).toEqual([]);
  expect(heaviest([])).toBeNull();
});
