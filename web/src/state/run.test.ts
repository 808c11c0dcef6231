import { beforeEach, expect, it, vi } from 'vitest';
import type { FeedListener } from './feed.svelte.ts';
import type { Run as RunClass } from './run.svelte.ts';

const FILM = { kind: 'film', url: 'film.bin' };
let listener: FeedListener;
let job: Record<string, unknown>;
let isLost = false;
/** Paths that were asked for, without those of the job. */
const asked: string[] = [];

vi.mock('./feed.svelte.ts', () => ({
  feed: {
    start: () => Promise.resolve(),
    listen: (given: FeedListener) => ((listener = given), () => undefined),
  },
}));
vi.mock('./batches.ts', () => ({ batched: (work: () => void) => work }));
vi.mock('../api/changes.ts', () => ({
  eventsAfter: () => Promise.resolve({ events: [], last: 2, is_finished: false }),
}));
vi.mock('../film/decoder.ts', () => ({
  filmOf: () => Promise.resolve({ header: {}, frames: [{ number: 0 }] }),
}));
vi.mock('../api/client.ts', async () => ({
  ...(await import('../api/problem.ts')),
  data: (answer: unknown) => answer,
  api: { GET: () => (isLost ? Promise.reject(new Error('lost')) : Promise.resolve(job)) },
  request: (path: string) => {
    asked.push(path.replace(/.*\//, ''));
    return Promise.resolve(new Response(null, { status: path.includes('frames') ? 204 : 200 }));
  },
}));

let Run: typeof RunClass;
beforeEach(async () => {
  vi.useRealTimers();
  asked.length = 0;
  isLost = false;
  job = { id: 'job_1', status: 'training', last_event: 2, artifacts: [] };
  ({ Run } = await import('./run.svelte.ts'));
});

async function loaded(): Promise<RunClass> {
  const run = new Run('job_1');
  await vi.waitFor(() => expect(run.loaded).toBe(true));
  return run;
}

function end(): void {
  job = { ...job, status: 'ready', last_event: 4, artifacts: [FILM] };
  const events = [
    { type: 'snapshot', frame: 9, frames: 10 },
    { type: 'verified', seconds: 1 },
  ];
  listener.changes!(
    events.map((event, i) => ({ job_id: 'job_1', change: 'event', id: 3 + i, event })) as never,
  );
}

it('reads the whole film of a job that ends, and no page of it', async () => {
  const run = await loaded();
  end();
  run.film.want();
  await vi.waitFor(() => expect(run.film.complete).toBe(true));
  expect(asked).toEqual(['film.bin']);
});

it('reads it also if the job could not be asked for at first', async () => {
  const run = await loaded();
  run.film.want();
  isLost = true;
  end();
  await vi.waitFor(() => expect(run.error).not.toBeNull());
  isLost = false;
  await vi.waitFor(() => expect(run.film.complete).toBe(true), { timeout: 5000 });
  expect(asked.at(-1)).toBe('film.bin');
  expect(run.error).toBeNull();
});
