import { describe, expect, it, vi } from 'vitest';
import { Latest } from './latest.ts';

/** A server that answers when it is told to. */
function server(): { ask: (question: number) => Promise<string>; answer: (ok?: boolean) => Promise<void> } {
  const open: { resolve: (text: string) => void; reject: (error: Error) => void; question: number }[] = [];
  return {
    ask: (question) => new Promise((resolve, reject) => open.push({ resolve, reject, question })),
    answer: async (ok = true) => {
      expect(open).toHaveLength(1); // never two at once
      const one = open.pop()!;
      if (ok) one.resolve(`to ${one.question}`);
      else one.reject(new Error(`no ${one.question}`));
      await new Promise((later) => setTimeout(later));
    },
  };
}

describe('Latest', () => {
  it('leaves out questions that a newer one overtakes', async () => {
    const { ask, answer } = server();
    const heard: [string, number, boolean][] = [];
    const latest = new Latest(
      ask,
      (text: string, question: number, newest) => heard.push([text, question, newest]),
      vi.fn(),
    );
    for (const question of [1, 2, 3, 4]) latest.push(question);
    await answer();
    latest.push(5);
    latest.push(6);
    await answer();
    await answer();
    expect(heard).toEqual([
      ['to 1', 1, false],
      ['to 4', 4, false],
      ['to 6', 6, true],
    ]);
    expect(latest.busy).toBe(false);
  });

  it('goes on after an error, and tells of it', async () => {
    const { ask, answer } = server();
    const [answered, failed] = [vi.fn(), vi.fn()];
    const latest = new Latest(ask, answered, failed);
    latest.push(1);
    latest.push(2);
    await answer(false);
    await answer();
    expect(failed).toHaveBeenCalledWith(new Error('no 1'), 1);
    expect(answered).toHaveBeenCalledWith('to 2', 2, true);
  });

  it('says nothing after it is closed', async () => {
    const { ask, answer } = server();
    const answered = vi.fn();
    const latest = new Latest(ask, answered, vi.fn());
    latest.push(1);
    latest.push(2);
    latest.close();
    await answer();
    latest.push(3);
    expect(answered).not.toHaveBeenCalled();
  });
});
