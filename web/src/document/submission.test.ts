import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { submitted as Submitted } from './submission.ts';

const kept = new Map<string, string>();
const keys: string[] = [];
let status: number | null = null;
let submitted: typeof Submitted;

/** Load the page: what is not in storage is forgotten. */
async function load(): Promise<void> {
  vi.resetModules();
  ({ submitted } = await import('./submission.ts'));
}

async function train(text: string): Promise<string> {
  const { ServerProblem } = await import('../api/problem.ts');
  const send = (key: string): Promise<string> => {
    keys.push(key);
    return status === null ? Promise.resolve('job') : Promise.reject(new ServerProblem(status, '', ''));
  };
  return submitted(text, send).catch((error: unknown) => `refused: ${(error as Error).name}`);
}
const countKeys = (): number => new Set(keys).size;

beforeEach(async () => {
  vi.useFakeTimers();
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, text: string) => kept.set(key, text),
  });
  kept.clear();
  keys.length = 0;
  status = null;
  await load();
});
afterEach(() => vi.useRealTimers());

it('uses the same key again after a reload without an answer; a training after an answer is another one', async () => {
  void submitted('a', (key) => (keys.push(key), new Promise(() => undefined)));
  await load();
  expect(await train('a')).toBe('job');
  expect(countKeys()).toBe(1);
  await train('a');
  expect(countKeys()).toBe(2);
});

it.each([0, 502, 503])('keeps the key after status %i', async (lost) => {
  status = lost;
  await train('a');
  await load();
  await train('a');
  status = null;
  await train('a');
  expect(countKeys()).toBe(1);
});

it.each([401, 422, 429])('takes another key after status %i', async (refused) => {
  status = refused;
  await train('a');
  await train('a');
  expect(countKeys()).toBe(2);
});

it('takes another key for another text, and after some minutes', async () => {
  status = 0;
  await train('a');
  await train('b');
  vi.advanceTimersByTime(5 * 60_000);
  await train('b');
  expect(countKeys()).toBe(3);
});

it.each([undefined, { getItem: () => '{', setItem: () => undefined }])(
  'works in a tab whose storage is forbidden or damaged',
  async (storage) => {
    vi.stubGlobal('sessionStorage', storage);
    status = 0;
    await train('a');
    status = null;
    expect(await train('a')).toBe('job');
    expect(countKeys()).toBe(1);
  },
);
