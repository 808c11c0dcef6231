/** Branches are arranged in a worker, which is started when the first network with branches is drawn. */

import { startWorker } from '../worker.ts';
import type { Arrangement, Task } from './task.ts';
import { ranked } from './ranked.ts';
import address from './arrange.worker.ts?worker&url';

/** Null after it failed: it would fail again. */
let worker: Worker | null | undefined;
let number = 0;
const waiting = new Map<number, (done: Arrangement[] | null) => void>();

function started(): Worker | null {
  if (worker !== undefined) return worker;
  worker = startWorker(address);
  worker?.addEventListener('message', ({ data }: MessageEvent<{ number: number; done: Arrangement[] }>) => {
    waiting.get(data.number)?.(data.done);
    waiting.delete(data.number);
  });
  worker?.addEventListener('error', () => {
    worker = null;
    for (const answer of waiting.values()) answer(null);
    waiting.clear();
  });
  return worker;
}

/** Arrangements of tasks, in their order. Where no worker can be started, plain ones are made here. */
export async function arrangeAll(tasks: readonly Task[]): Promise<readonly Arrangement[]> {
  const helper = started();
  if (helper) {
    const mine = ++number;
    const done = await new Promise<Arrangement[] | null>((resolve) => {
      waiting.set(mine, resolve);
      helper.postMessage({ number: mine, tasks });
    });
    if (done) return done;
  }
  return tasks.map(ranked);
}
