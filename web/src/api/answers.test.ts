import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it, vi } from 'vitest';

const fixture = (name: string): Buffer => readFileSync(new URL(`fixtures/${name}`, import.meta.url));
const expected = JSON.parse(fixture('spirals.answers.json').toString()) as {
  truth: number[];
  predicted: number[];
  probabilities: number[][];
  labels: string[];
};
const file = (): ArrayBuffer => new Uint8Array(fixture('spirals.answers.bin')).buffer;

beforeAll(() => {
  vi.stubGlobal('location', { href: 'http://localhost/', hash: '' });
  vi.stubGlobal('sessionStorage', { getItem: () => null });
});

describe('answersOf', () => {
  it('reads what Python reads', async () => {
    const { answersOf } = await import('./answers.ts');
    const found = await answersOf(file());
    expect([...Array.from(found.targets)]).toEqual(expected.truth);
    expect([...Array.from(found.answers)]).toEqual(expected.predicted);
    expect(found.labels).toEqual(expected.labels);
    expected.probabilities.forEach((row, position) => {
      const probabilities = found.probabilities(position);
      row.forEach((value, label) => expect(probabilities[label]).toBeCloseTo(value, 5));
      expect(found.confidence(position)).toBeCloseTo(Math.max(...row), 5);
    });
  });

  it('reads several targets, one by one', async () => {
    const { answersOf } = await import('./answers.ts');
    const found = await answersOf(new Uint8Array(fixture('two_targets.answers.bin')).buffer);
    expect(found.several.map(({ name }) => name)).toEqual(['price', 'area']);
    const area = found.several[1]!;
    expect([area.truth.length, area.found.length]).toEqual([3, 3]);
    expect(area.truth[0]).not.toBe(found.targets[0]);
    expect([...Array.from(found.targets)]).toEqual([1, 2, 3]);
    expect([...Array.from(found.answers)]).toEqual([1.5, 2.5, 3.5]);
    expect(found.count).toBe(3);
  });

  it('refuses others', async () => {
    const { answersOf } = await import('./answers.ts');
    await expect(answersOf(new ArrayBuffer(20))).rejects.toThrow('no answers');
    await expect(answersOf(file().slice(0, 400))).rejects.toThrow();
  });
});
