import { describe, expect, it } from 'vitest';
import { apart, beside, metricsOf, sparkline } from './lines.ts';

describe('metricsOf', () => {
  it('has losses first', () => {
    const curve = { epochs: [1], metrics: { val_accuracy: [1], accuracy: [1], val_loss: [1], loss: [1] } };
    expect(metricsOf([null, curve])).toEqual(['loss', 'val_loss', 'accuracy', 'val_accuracy']);
  });
});

describe('apart', () => {
  it('moves labels that would overlap, and keeps them inside', () => {
    expect(apart([10, 50], 15, 0, 100)).toEqual([10, 50]);
    expect(apart([50, 50], 15, 0, 100)).toEqual([50, 65]);
    expect(apart([99, 98], 15, 0, 100)).toEqual([100, 85]);
    expect(apart([], 15, 0, 100)).toEqual([]);
  });
});

describe('beside', () => {
  it('puts labels together that could overlap', () => {
    const groups = beside([{ x: 90 }, { x: 10 }, { x: 400 }, { x: 160 }], 80);
    expect(groups.map((group) => group.map(({ x }) => x))).toEqual([[10], [90, 160], [400]]);
    expect(beside([], 80)).toEqual([]);
  });
});

describe('sparkline', () => {
  it('goes through the box', () => {
    expect(sparkline([2, 1], 80, 20)).toBe('M0.0,0.0L80.0,20.0');
    expect(sparkline([1, 1], 80, 20)).toBe('M0.0,10.0L80.0,10.0');
    expect(sparkline([100, 10, 1], 80, 20)).toBe('M0.0,0.0L40.0,10.0L80.0,20.0');
  });
  it('leaves out what is not finite', () => {
    expect(sparkline([NaN, 2, 1], 80, 20)).toBe('M40.0,0.0L80.0,20.0');
    expect(sparkline([NaN, 1], 80, 20)).toBe('');
  });
});
