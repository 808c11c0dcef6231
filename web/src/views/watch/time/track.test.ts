import { describe, expect, it } from 'vitest';
import { alignedFrame, frameAtStep, nearestFrame, positionOf, stripFrames, type Track } from './track.ts';

const track = (numbers: number[], stepsPerEpoch: number, end = numbers.at(-1)!): Track => ({
  numbers,
  stepsPerEpoch,
  end,
});
const short = track([0, 4, 8, 12, 16], 4);
const long = track([0, 10, 20, 30, 40, 50, 60, 70, 80], 10);

describe('frames on an axis', () => {
  it('are placed by steps, epochs or shares', () => {
    expect(positionOf(short, 8, 'step')).toBe(8);
    expect(positionOf(short, 8, 'epoch')).toBe(2);
    expect(positionOf(short, 8, 'share')).toBe(0.5);
    expect(positionOf(track([0, 4], 4, 16), 4, 'share')).toBe(0.25);
  });

  it('are found by steps', () => {
    expect([-1, 0, 3, 4, 15, 16, 99].map((step) => frameAtStep(short, step))).toEqual([0, 0, 0, 1, 3, 4, 4]);
    expect(frameAtStep(track([], 4, 0), 3)).toBe(0);
  });

  it('are found by the nearest place', () => {
    expect([0, 0.4, 0.6, 2.49, 3.9, 40].map((place) => nearestFrame(short, place, 'epoch'))).toEqual([
      0, 0, 1, 2, 4, 4,
    ]);
  });
});

describe('two films on one playhead', () => {
  it('by epoch: epoch 2 beside epoch 2', () => expect(alignedFrame(short, 2, long, 'epoch')).toBe(2));
  it('by step: 16 steps beside the frame after 10', () =>
    expect(alignedFrame(short, 4, long, 'step')).toBe(1));
  it('by share: the half beside the half, and the end beside the end', () => {
    expect(alignedFrame(short, 2, long, 'share')).toBe(4);
    expect(alignedFrame(short, 4, long, 'share')).toBe(8);
  });
  it('stays at the last frame of a shorter one', () => expect(alignedFrame(long, 8, short, 'epoch')).toBe(4));
  it('begins with the first frame in every unit', () => {
    for (const unit of ['epoch', 'step', 'share'] as const)
      expect(alignedFrame(short, 0, long, unit)).toBe(0);
  });
  it('finds itself, whatever the sizes of its epochs', () => {
    for (const spe of [1, 3, 7, 469]) {
      const one = track(
        Array.from({ length: 60 }, (_, i) => i * spe),
        spe,
      );
      for (const unit of ['epoch', 'step', 'share'] as const)
        expect(one.numbers.map((_, i) => alignedFrame(one, i, one, unit))).toEqual([...one.numbers.keys()]);
    }
  });
});

describe('the strip', () => {
  it('is evenly spaced, with the first and the last frame', () => {
    const places = Array.from({ length: 201 }, (_, i) => i * 5);
    const strip = stripFrames(places, 1000, 11, 48);
    expect(strip.map(({ index }) => index)).toEqual([0, 20, 40, 60, 80, 100, 120, 140, 160, 180, 200]);
    expect(strip[0]!.x).toBe(24);
    expect(strip.at(-1)!.x).toBe(976);
  });
  it('never overlaps, also on a logarithmic axis', () => {
    const places = Array.from({ length: 201 }, (_, i) => (Math.log1p(i) / Math.log1p(200)) * 900);
    const strip = stripFrames(places, 900, 11, 60);
    for (let i = 1; i < strip.length; i++) expect(strip[i]!.x - strip[i - 1]!.x).toBeGreaterThanOrEqual(60);
    expect(strip.at(-1)!.index).toBe(200);
  });
  it('shows each frame of a short film once', () =>
    expect(stripFrames([0, 100, 300], 600, 11, 50).map(({ index }) => index)).toEqual([0, 1, 2]));
  it('is empty without frames or room', () => {
    expect(stripFrames([], 600, 11, 50)).toEqual([]);
    expect(stripFrames([0], 0, 11, 50)).toEqual([]);
  });
});
