import { arrange, type Task } from './arrange.ts';

onmessage = ({ data }: MessageEvent<{ number: number; tasks: Task[] }>): void => {
  postMessage({ number: data.number, done: data.tasks.map(arrange) });
};
