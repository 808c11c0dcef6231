import { beforeAll, expect, it, vi } from 'vitest';
import type { Event } from './story.ts';
import type { Outline as OutlineClass } from './outlines.svelte.ts';

const epoch = (number: number): Event => ({
  type: 'epoch',
  epoch: number,
  epochs: 10_000,
  metrics: { loss: 1 / number },
  learning_rate: 0.1,
  seconds: 1,
});
const started: Event = { type: 'started', name: 'x', dataset: 'iris', epochs: 10_000, seed: 0 };
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

interface Page {
  events: { id: number; event: Event }[];
  last: number;
}
let Outline: typeof OutlineClass;
const asked: ((page: Page) => void)[] = [];

vi.mock('../api/changes.ts', () => ({
  outlineOf: () => new Promise<Page>((resolve) => asked.push(resolve)),
}));
vi.mock('../api/client.ts', () => ({ request: () => Promise.reject(new Error('not asked')) }));
vi.mock('../film/decoder.ts', () => ({}));
vi.mock('./batches.ts', () => ({ batched: (work: () => void) => work }));
vi.mock('./feed.svelte.ts', () => ({ feed: { listen: () => undefined } }));

beforeAll(async () => {
  ({ Outline } = await import('./outlines.svelte.ts'));
});

it('reads some events of a run, goes on with the next, and reads again what it has missed', async () => {
  const outline = new Outline('job_1', true);
  outline.want();
  await settled();
  outline.hear(10_004, epoch(8000)); // while the first answer is on its way
  const events = [
    { id: 1, event: started },
    { id: 2, event: epoch(1) },
    { id: 5001, event: epoch(5000) },
  ];
  asked.shift()!({ events, last: 10_002 });
  await settled();
  expect(outline.dataset).toBe('iris');
  expect(outline.curve?.epochs).toEqual([1, 5000]);
  expect(asked.length).toBe(1);
  asked.shift()!({ events: [...events, { id: 10_004, event: epoch(8000) }], last: 10_004 });
  await settled();
  outline.hear(10_005, epoch(8001));
  expect(outline.curve?.epochs).toEqual([1, 5000, 8000, 8001]);
  expect(outline.curve?.metrics['loss']?.at(-1)).toBe(1 / 8001);
  expect(asked).toEqual([]);
});
