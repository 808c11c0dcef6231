import { describe, expect, it } from 'vitest';
import { answered, answersAt, boundary, placed, pointAt, sampled, winners, type Grid } from './answer.ts';

const grid = (outputs: number, classes: number, size = 8): Grid => ({
  outputs,
  classes,
  width: size,
  height: size,
  x: [-2, 2],
  y: [0, 8],
});

/** A grid from a function of places: 0 to 1 from the left and from below, at the centres of the cells. */
function filled(
  { outputs, width, height }: Grid,
  value: (k: number, u: number, v: number) => number,
): Float32Array {
  return Float32Array.from({ length: outputs * width * height }, (_, i) => {
    const [k, row, column] = [Math.floor(i / (width * height)), Math.floor(i / width) % height, i % width];
    return value(k, (column + 0.5) / width, (row + 0.5) / height);
  });
}

describe('places', () => {
  it('go from the plane to the square and back; y goes up', () => {
    expect(placed(grid(1, 2), -2, 0)).toEqual([0, 1]);
    expect(placed(grid(1, 2), 2, 8)).toEqual([1, 0]);
    expect(pointAt(grid(1, 2), ...placed(grid(1, 2), 0.7, 3))).toEqual([
      expect.closeTo(0.7),
      expect.closeTo(3),
    ]);
  });
});

describe('answers at a point', () => {
  it('are those of the cell in its centre, and linear between centres', () => {
    const plane = grid(1, 2);
    const values = filled(plane, (_, u, v) => 0.6 * u + 0.3 * v);
    expect(sampled(values, plane, 0, 2.5 / 8, 1 - 4.5 / 8)).toBeCloseTo(values[4 * 8 + 2]!);
    expect(sampled(values, plane, 0, 0.4, 0.3)).toBeCloseTo(0.6 * 0.4 + 0.3 * 0.7);
  });
  it('stay at the edge beyond the outer centres', () => {
    const plane = grid(1, 2);
    const values = filled(plane, (_, u) => u);
    expect(sampled(values, plane, 0, 0, 0.5)).toBeCloseTo(0.5 / 8);
    expect(sampled(values, plane, 0, 1.2, 0.5)).toBeCloseTo(7.5 / 8);
  });
  it('are both probabilities of two classes, one value of a regression, and all of three', () => {
    const two = answersAt(
      filled(grid(1, 2), () => 0.3),
      grid(1, 2),
      0,
      4,
    );
    expect(two).toEqual([expect.closeTo(0.7), expect.closeTo(0.3)]);
    expect(
      answersAt(
        filled(grid(1, 0), () => 7),
        grid(1, 0),
        0,
        4,
      ),
    ).toEqual([7]);
    expect(
      answersAt(
        filled(grid(3, 3), (k) => k / 3),
        grid(3, 3),
        0,
        4,
      ),
    ).toHaveLength(3);
  });
  it('name a class for each point', () => {
    const plane = grid(1, 2);
    const values = filled(plane, (_, u) => u);
    const points = [-1, 1].map((x, id) => ({ id, x, y: 4, target: 0 }));
    expect(answered(values, plane, points)).toEqual([0, 1]);
  });
});

describe('boundary', () => {
  it('of a slope is a straight line where both are equal', () => {
    const plane = grid(1, 2, 16);
    const segments = boundary(
      filled(plane, (_, u) => u + 0.1),
      plane,
    );
    expect(segments.length).toBe(15 * 4);
    for (let i = 0; i < segments.length; i += 2) expect(segments[i]).toBeCloseTo(0.4);
  });
  it('of a disk is a circle', () => {
    const plane = grid(1, 2, 64);
    const values = filled(plane, (_, u, v) => 0.5 + 4 * (0.3 - Math.hypot(u - 0.5, v - 0.5)));
    const segments = boundary(values, plane);
    expect(segments.length).toBeGreaterThan(200);
    for (let i = 0; i < segments.length; i += 2)
      expect(Math.hypot(segments[i]! - 0.5, segments[i + 1]! - 0.5)).toBeCloseTo(0.3, 2);
  });
  it('is the same for two classes as one output and as two', () => {
    const value = (u: number, v: number): number => 0.5 + 0.4 * Math.sin(5 * u + 3 * v);
    const one = boundary(
      filled(grid(1, 2, 32), (_, u, v) => value(u, v)),
      grid(1, 2, 32),
    );
    const two = boundary(
      filled(grid(2, 2, 32), (k, u, v) => (k ? value(u, v) : 1 - value(u, v))),
      grid(2, 2, 32),
    );
    expect(two.length).toBe(one.length);
    two.forEach((at, i) => expect(at).toBeCloseTo(one[i]!, 4));
  });
  it('joins three classes in one point', () => {
    const plane = grid(3, 3, 32);
    const centres = [0, 1, 2].map(
      (k) => [0.5 + 0.3 * Math.cos(2.1 * k), 0.5 + 0.3 * Math.sin(2.1 * k)] as const,
    );
    const values = filled(plane, (k, u, v) => -Math.hypot(u - centres[k]![0], v - centres[k]![1]));
    const ends = new Map<string, number>();
    const segments = boundary(values, plane);
    for (let i = 0; i < segments.length; i += 2) {
      const key = `${segments[i]!.toFixed(5)} ${segments[i + 1]!.toFixed(5)}`;
      ends.set(key, (ends.get(key) ?? 0) + 1);
    }
    expect([...ends.values()].filter((count) => count === 3)).toHaveLength(1);
    expect([...ends.values()].filter((count) => count === 1)).toHaveLength(3); // at the edges
  });
  it('is empty where one class is everywhere', () => {
    expect(
      boundary(
        filled(grid(1, 2), () => 0.9),
        grid(1, 2),
      ),
    ).toEqual([]);
  });
});

it('winners are the first of equal ones', () => {
  expect([...winners(Float32Array.of(0.2, 0.5, 0.2, 0.5, 0.6, 0.5), 3, 2)]).toEqual([2, 0]);
});
