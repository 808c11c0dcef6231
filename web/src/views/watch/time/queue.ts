/** Jobs that wait before another one. */

interface Waiting {
  readonly id: string;
  readonly status: string;
  readonly created: string | Date;
}

export function waitingBefore(id: string, jobs: readonly Waiting[]): number {
  const own = jobs.find((job) => job.id === id);
  if (!own) return 0;
  const time = +new Date(own.created);
  return jobs.filter((job) => job.status === 'queued' && job.id !== id && +new Date(job.created) < time)
    .length;
}
