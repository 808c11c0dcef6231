import { beforeAll, expect, it, vi } from 'vitest';
import type { Arrival as ArrivalClass } from './arrival.svelte.ts';
import type { Draft } from './document.svelte.ts';
import type { Place } from '../state/route.svelte.ts';

let Arrival: typeof ArrivalClass;
const answers = new Map<string, (document: unknown) => void>();

beforeAll(async () => {
  vi.stubGlobal('location', { hash: '', href: 'http://127.0.0.1/', pathname: '/', search: '' });
  vi.stubGlobal('addEventListener', () => undefined);
  vi.stubGlobal('history', { state: null, replaceState: () => undefined });
  vi.stubGlobal('fetch', (address: string) => {
    const job = address.split('/').at(-1)!;
    return new Promise((resolve) =>
      answers.set(job, (document) =>
        resolve(Response.json(document ? { document } : {}, { status: document ? 200 : 404 })),
      ),
    );
  });
  ({ Arrival } = await import('./arrival.svelte.ts'));
});

/** Answer the request for a job, once it is sent; without a document, there is none. */
async function answer(job: string, document?: object): Promise<void> {
  await vi.waitFor(() => expect(answers.has(job)).toBe(true));
  answers.get(job)!(document);
}

const link = (job: string): Place => ({
  view: 'build',
  unknown: false,
  job: '',
  query: new URLSearchParams({ clone: job }),
});

it('of two links, the one followed last counts, whichever answer comes first', async () => {
  const texts: string[] = [];
  const arrival = new Arrival({ replaceText: (text: string) => texts.push(text) } as unknown as Draft);
  const [slow, quick] = [arrival.take(link('slow')), arrival.take(link('quick'))];
  await answer('quick', { name: 'quick' });
  await quick;
  await answer('slow', { name: 'slow' });
  await slow;
  expect(texts.map((text) => (JSON.parse(text) as { name: string }).name)).toEqual(['quick']);
  expect([arrival.busy, arrival.failure]).toEqual([false, null]);

  const gone = arrival.take(link('gone'));
  await answer('gone');
  await gone;
  expect(arrival.failure?.kind).toBe('server');
});
