import { expect, it } from 'vitest';
import { waitingBefore } from './queue.ts';

it('counts jobs that were there first and still wait', () => {
  const job = (id: string, status: string, minute: number) => ({
    id,
    status,
    created: `2026-01-31T12:0${minute}:00Z`,
  });
  const jobs = [job('d', 'queued', 4), job('c', 'queued', 3), job('b', 'queued', 2), job('a', 'training', 1)];
  expect(['d', 'c', 'b', 'x'].map((id) => waitingBefore(id, jobs))).toEqual([2, 1, 0, 0]);
});
