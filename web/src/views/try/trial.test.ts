import { beforeAll, expect, it, vi } from 'vitest';
import type { Sample, Trial as TrialClass } from './trial.svelte.ts';

let Trial: typeof TrialClass;
beforeAll(async () => {
  vi.stubGlobal('location', { hash: '', href: 'http://127.0.0.1/', pathname: '/', search: '' });
  vi.stubGlobal('addEventListener', () => undefined);
  vi.stubGlobal('fetch', () => new Promise(() => undefined)); // a server that does not answer
  ({ Trial } = await import('./trial.svelte.ts'));
});

const sample = (value: number): Sample => Float32Array.of(value);

it('shows what was chosen or made last, also if something chosen before comes later', async () => {
  const trial = new Trial('job', 'model.mlmodel', '', () => Promise.resolve());
  let answer: (sample: Sample) => void = () => undefined;
  const first = trial.showLater(new Promise((resolve) => (answer = resolve)));
  expect(await trial.showLater(Promise.resolve(sample(2)))).toBe(true);
  answer(sample(1));
  expect(await first).toBe(false);
  expect(trial.sample).toEqual(sample(2));

  const chosen = trial.showLater(Promise.resolve(sample(3)));
  trial.show(sample(4)); // moved meanwhile
  expect(await chosen).toBe(false);
  expect(trial.sample).toEqual(sample(4));

  const failed = trial.showLater(Promise.reject(new Error('gone')));
  trial.clear();
  expect(await failed).toBe(false);
  expect(trial.sample).toBe(null);
  await expect(trial.showLater(Promise.reject(new Error('gone')))).rejects.toThrow('gone');
  trial.close();
});
