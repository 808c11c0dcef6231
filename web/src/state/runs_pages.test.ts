import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Change } from '../api/changes.ts';
import type { FeedListener } from './feed.svelte.ts';
import type { runs as RunsType } from './runs.svelte.ts';

const PAGE = 100;
/** Numbers of the jobs of the server, the newest first. */
let jobs: number[];
let asked: (string | null)[];
/** Answers that are held back until they are released. */
let held: (() => void)[] | null;
let failing: boolean;
/** What the server says of all jobs, besides their names. */
let told: Record<string, unknown>;
let listener: FeedListener;

vi.mock('./feed.svelte.ts', () => ({
  feed: {
    connected: true,
    start: () => Promise.resolve(),
    listen: (given: FeedListener) => ((listener = given), () => undefined),
  },
}));
vi.mock('./batches.ts', () => ({ batched: (work: () => void) => () => queueMicrotask(work) }));
vi.mock('../api/client.ts', async () => {
  const { ServerProblem } = await import('../api/problem.ts');
  return { ServerProblem, data: (answer: unknown) => answer, api: { GET: get } };
});

async function get(
  path: string,
  { params }: { params: { query?: { cursor?: string }; path?: { job_id: string } } },
): Promise<unknown> {
  if (path !== '/v1/jobs' && failing) throw new Error('lost');
  if (path !== '/v1/jobs') return job(Number(params.path!.job_id.slice(4)));
  const cursor = params.query?.cursor ?? null;
  asked.push(cursor);
  await new Promise<void>((resolve) => (held ? held.push(resolve) : resolve()));
  if (failing) throw new Error('lost');
  const start = cursor === null ? 0 : jobs.findIndex((number) => number < Number(cursor));
  const page = start < 0 ? [] : jobs.slice(start, start + PAGE);
  const last = page.at(-1);
  const isLast = last === undefined || last === jobs.at(-1);
  return { jobs: page.map(job), next: isLast ? null : String(last) };
}

function job(number: number): Record<string, unknown> {
  const id = `job_${String(number).padStart(6, '0')}`;
  return {
    id,
    name: id,
    metrics: {},
    status: 'ready',
    created_at: new Date(number * 1000).toISOString(),
    last_event: 1,
    ...told,
  };
}

const down = (from: number): number[] => Array.from({ length: from }, (_, i) => from - i);
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));
const release = async (): Promise<void> => {
  held?.splice(0).forEach((resolve) => resolve());
  await settled();
};

let runs: typeof RunsType;
beforeEach(async () => {
  vi.resetModules();
  jobs = down(1000);
  asked = [];
  held = null;
  failing = false;
  told = {};
  ({ runs } = await import('./runs.svelte.ts'));
  runs.start();
  await vi.waitFor(() => expect([runs.loaded, runs.error]).toEqual([true, null]));
});

describe('Runs', () => {
  it('loads a page, and older ones when they are asked for', async () => {
    expect(runs.list.length).toBe(PAGE);
    for (let pages = 2; runs.cursor !== null; pages++) {
      await runs.more();
      expect(runs.list.length).toBe(pages * PAGE);
    }
    expect(runs.list.length).toBe(1000);
    await runs.more();
    expect(asked.length).toBe(10);
  });

  it('remembers one wish for more while a page is on its way', async () => {
    held = [];
    void runs.more();
    void runs.more();
    void runs.more();
    await release();
    expect(runs.list.length).toBe(2 * PAGE);
    await release();
    expect(runs.list.length).toBe(3 * PAGE);
    expect(held).toEqual([]);
  });

  it('goes on where it was after the newest page was read again', async () => {
    await runs.more();
    await runs.more();
    held = [];
    jobs = [1001, ...jobs];
    await loseOneJob();
    void runs.more(); // the end of the list is seen meanwhile
    await release();
    await release();
    expect(asked.slice(-2)).toEqual([null, '701']);
    expect(runs.list.length).toBe(4 * PAGE + 1);
  });

  it('reads all pages again if jobs between the newest page and the others are missing', async () => {
    await runs.more();
    jobs = down(1250);
    await loseOneJob();
    expect(runs.cursor).toBe('1151');
    await runs.more();
    expect(runs.list[199]!.id).toBe('job_001051');
  });

  it('forgets a wish if the page fails, and begins again when it is asked', async () => {
    held = [];
    failing = true;
    void runs.more();
    void runs.more();
    await release();
    expect([asked.length, runs.error?.status]).toEqual([2, 0]);
    held = null;
    failing = false;
    await runs.more();
    expect([runs.list.length, runs.error]).toEqual([2 * PAGE, null]);
  });

  it('knows until when files are kept as soon as a run is ready', async () => {
    told = { last_event: 9, delete_files_at: '2026-12-01T12:00:00Z' };
    const [first, second] = runs.list.map(({ id }) => id);
    listener.changes!([verified(first!, 9), verified('job_of_an_older_page', 9)]);
    listener.changes!([verified(second!, 9), { change: 'deleted', job_id: second, position: 3 } as never]);
    await vi.waitFor(() => expect(runs.find(first!)?.delete_files_at).toBe('2026-12-01T12:00:00Z'));
    await settled();
    expect([runs.list.length, runs.find(second!)]).toEqual([PAGE - 1, null]);
  });

  it('drops a page that was on its way when everything became void', async () => {
    held = [];
    void runs.more();
    jobs = down(3);
    listener.reset!();
    await release();
    expect(runs.loaded).toBe(false);
    await release();
    expect([runs.loaded, runs.list.length, runs.cursor]).toEqual([true, 3, null]);
  });
});

function verified(job_id: string, id: number): Change {
  return { change: 'event', job_id, id, position: id, event: { type: 'verified' } } as Change;
}

/** A job is announced, and cannot be read: the list is read again when the connection is back. */
async function loseOneJob(): Promise<void> {
  failing = true;
  listener.changes!([{ change: 'submitted', job_id: 'job_001001', position: 1 } as never]);
  await settled();
  failing = false;
  listener.connected!();
  await settled();
}
