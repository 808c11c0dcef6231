import { arrange } from './arrange.ts';
import type { Task } from './task.ts';

onmessage = ({ data }: MessageEvent<{ number: number; tasks: Task[] }>): void => {
  postMessage({ number: data.number, done: data.tasks.map(arrange) });
};
