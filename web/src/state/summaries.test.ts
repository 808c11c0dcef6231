import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Schemas } from '../api/client.ts';
import type { Event } from './story.ts';
import { after, newestFirst, summaryOf } from './summaries.ts';

const lines = readFileSync(new URL('fixtures/spirals.events.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n');
const events = lines.map((line) => JSON.parse(line) as Event);
const job = (values: Partial<Schemas['JobMessage']> = {}): Schemas['JobMessage'] => ({
  id: 'job_1',
  name: 'spirals',
  status: 'queued',
  progress: 0,
  epoch: 0,
  epochs: 0,
  metrics: {},
  stop_requested: false,
  stopped_early: false,
  attempt: 0,
  error: null,
  last_event: 0,
  created_at: '2026-01-31T12:00:00Z',
  updated_at: '2026-01-31T12:00:00Z',
  started_at: null,
  finished_at: null,
  delete_at: null,
  delete_files_at: null,
  files_deleted_at: null,
  links: {},
  ...values,
});

describe('after', () => {
  it('follows a run to its end', () => {
    const end = events.reduce((summary, event, i) => after(summary, i + 1, event), summaryOf(job()));
    expect(end).toMatchObject({ status: 'ready', progress: 1, epoch: 12, epochs: 12, last: events.length });
    expect(end.accuracy).toBeCloseTo(2 / 3);
    expect(end.loss).toBeCloseTo(0.65, 2);
  });

  it('takes an event once', () => {
    const ready = summaryOf(job({ status: 'ready', last_event: 20 }));
    expect(after(ready, 1, events[0]!)).toBe(ready);
  });

  it('keeps metrics on validation data while the next epoch goes on', () => {
    const metrics = { loss: 1, accuracy: 0.5, val_accuracy: 0.4 };
    const summary = summaryOf(job({ status: 'training', metrics }));
    const event: Event = {
      type: 'progress',
      epoch: 2,
      epochs: 4,
      step: 5,
      steps: 10,
      samples_per_second: 1,
      metrics: { loss: 0.9, accuracy: 0.6 },
    };
    expect(after(summary, 1, event)).toMatchObject({ loss: 0.9, accuracy: 0.4, progress: 0.375, epoch: 2 });
  });
});

describe('newestFirst', () => {
  it('is a total order', () => {
    const jobs = [
      job({ id: 'b', created_at: '2026-01-31T12:00:00Z' }),
      job({ id: 'a', created_at: '2026-01-31T12:00:00Z' }),
      job({ id: 'c', created_at: '2026-02-01T12:00:00Z' }),
    ].map(summaryOf);
    expect(jobs.sort(newestFirst).map(({ id }) => id)).toEqual(['c', 'b', 'a']);
  });
});
