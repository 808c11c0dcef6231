/** Branches are arranged in a worker, which is started when the first network with branches is drawn. */

import type { Arrangement, Task } from './arrange.ts';

export async function arrangeAll(tasks: readonly Task[]): Promise<readonly Arrangement[]> {
  const { arrange } = await import('./arrange.ts');
  return tasks.map(arrange);
}
