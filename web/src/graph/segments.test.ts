import { describe, expect, it } from 'vitest';
import { INPUT, networkOf, type LayerLike } from './network.ts';
import { segments } from './segments.ts';

const layer = (index: number, ...inbound: number[]): LayerLike => ({
  index,
  type: 'Dense',
  name: `dense_${index}`,
  values: {},
  inbound,
});
const items = (...layers: LayerLike[]): unknown[] =>
  segments(networkOf(layers, [4], null)).map((item) => (item.kind === 'single' ? item.id : item.inside));

describe('segments', () => {
  it('of a chain are its layers', () => {
    expect(items(layer(0, INPUT), layer(1, 0), layer(2, 1))).toEqual([INPUT, 0, 1, 2]);
  });

  it('have a skip connection as branches', () => {
    expect(items(layer(0, INPUT), layer(1, 0), layer(2, 1), layer(3, 0, 2), layer(4, 3))).toEqual([
      INPUT,
      0,
      [1, 2],
      3,
      4,
    ]);
  });

  it('have two blocks in a row that share a layer', () => {
    expect(
      items(layer(0, INPUT), layer(1, 0), layer(2, 0, 1), layer(3, 2), layer(4, 2, 3), layer(5, 4)),
    ).toEqual([INPUT, 0, [1], 2, [3], 4, 5]);
  });

  it('keep a layer that nothing uses within the network', () => {
    expect(items(layer(0, INPUT), layer(1, 0), layer(2, 0))).toEqual([INPUT, 0, [1], 2]);
  });

  it('show both edges of a layer that takes the same input twice', () => {
    expect(items(layer(0, INPUT), layer(1, 0, 0))).toEqual([INPUT, 0, [], 1]);
  });
});
