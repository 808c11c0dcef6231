import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Change } from '../api/changes.ts';
import { ServerProblem } from '../api/problem.ts';
import { Follower, type Server } from './follow.ts';
import type { Channel, Leadership, Work } from './leadership.ts';

const change = (position: number): Change => ({
  position,
  job_id: 'j',
  change: 'deleted',
  id: null,
  event: null,
  time: null,
});

/** A server whose changes come when the test says so. */
class FakeServer implements Server {
  changes: Change[] = [];
  streams = new Set<(changes: Change[]) => void>();
  ends = new Set<(error?: Error) => void>();
  problem: Error | null = null;
  opened = 0;

  get position(): number {
    return this.changes.at(-1)?.position ?? 0;
  }

  page(after: number | null): Promise<{ changes: Change[]; position: number }> {
    if (this.problem) return Promise.reject(this.problem);
    const from = after ?? this.position;
    const changes = this.changes.filter(({ position }) => position > from).slice(0, 3);
    return Promise.resolve({ changes, position: changes.at(-1)?.position ?? Math.min(from, this.position) });
  }

  stream(after: number, onnews: (changes: Change[]) => void, signal: AbortSignal): Promise<void> {
    if (this.problem) return Promise.reject(this.problem);
    this.opened++;
    return new Promise((resolve, reject) => {
      const end = (error?: Error): void => {
        this.streams.delete(onnews);
        this.ends.delete(end);
        if (error) reject(error);
        else resolve();
      };
      this.streams.add(onnews);
      this.ends.add(end);
      signal.addEventListener('abort', () => end(new DOMException('', 'AbortError')));
      onnews([]);
      const missed = this.changes.filter(({ position }) => position > after);
      if (missed.length) onnews(missed);
    });
  }

  add(...positions: number[]): void {
    const changes = positions.map(change);
    this.changes.push(...changes);
    for (const onnews of this.streams) onnews(changes);
  }

  end(): void {
    for (const end of [...this.ends]) end();
  }
}

/** Channels between tabs, as BroadcastChannel: the sender does not hear itself. */
class Room {
  readonly channels: Channel[] = [];
  open(): Channel {
    const channel: Channel = {
      onmessage: null,
      postMessage: (message) => {
        for (const other of this.channels)
          if (other !== channel) queueMicrotask(() => other.onmessage?.({ data: message } as MessageEvent));
      },
    };
    this.channels.push(channel);
    return channel;
  }
}

/** The first that asks leads until it is closed, as with a Web Lock. */
class Queue {
  readonly #waiting: (() => void)[] = [];
  #isHeld = false;
  taken = 0;

  join(): Leadership {
    return {
      lead: async (work: Work, signal) => {
        if (this.#isHeld) await new Promise<void>((resolve) => this.#waiting.push(resolve));
        this.#isHeld = true;
        await work(signal);
        this.#isHeld = false;
        this.#waiting.shift()?.();
      },
      take: () => void this.taken++,
    };
  }
}

class Tab {
  seen: number[] = [];
  resets = 0;
  refusals = 0;
  states: boolean[] = [];
  readonly follower: Follower;
  readonly channel: Channel;

  constructor(server: FakeServer, room: Room, queue: Queue) {
    this.channel = room.open();
    this.follower = new Follower(
      server,
      this.channel,
      queue.join(),
      {
        changes: (changes) => this.seen.push(...changes.map(({ position }) => position)),
        connected: (connected) => this.states.push(connected),
        reset: () => (this.resets += 1),
        refused: () => (this.refusals += 1),
      },
      () => 0,
    );
  }
}

let server: FakeServer;
let room: Room;
let queue: Queue;
const open = async (): Promise<Tab> => {
  const tab = new Tab(server, room, queue);
  await tab.follower.start();
  await settled();
  return tab;
};
const settled = (): Promise<unknown> => vi.advanceTimersByTimeAsync(1);

beforeEach(() => {
  vi.useFakeTimers();
  server = new FakeServer();
  room = new Room();
  queue = new Queue();
});
afterEach(() => vi.useRealTimers());

describe('Follower', () => {
  it('tells every tab each change once, over one stream', async () => {
    server.add(1, 2);
    const tabs = [await open(), await open(), await open()];
    server.add(3);
    server.add(5, 6);
    await settled();
    for (const tab of tabs) expect(tab.seen).toEqual([3, 5, 6]);
    expect(server.opened).toBe(1);
  });

  it('hands over without a gap and without a double', async () => {
    const [first, second, third] = [await open(), await open(), await open()];
    server.add(1);
    await settled();
    first.follower.stop();
    server.add(2, 3); // nobody listens
    await settled();
    server.add(4);
    await settled();
    for (const tab of [second, third]) expect(tab.seen).toEqual([1, 2, 3, 4]);
    expect(server.opened).toBe(2);
  });

  it('gets by pages what a tab has missed', async () => {
    const [, second] = [await open(), await open()];
    const hear = second.channel.onmessage;
    second.channel.onmessage = null; // asleep
    server.add(1, 2, 3, 4, 5);
    await settled();
    second.channel.onmessage = hear;
    server.add(6);
    await settled();
    expect(second.seen).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('connects again, later each time, and misses nothing', async () => {
    const tab = await open();
    server.problem = new ServerProblem(0, 'offline', '');
    server.end();
    server.add(1);
    await vi.advanceTimersByTimeAsync(5000);
    expect(tab.states).toEqual([true, false, ...tab.states.slice(2)]);
    server.problem = null;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(tab.seen).toEqual([1]);
    expect(tab.states.at(-1)).toBe(true);
  });

  it('waits as long as the server asks', async () => {
    const tab = await open();
    server.problem = new ServerProblem(503, 'crowded', '', [], 30);
    server.end();
    await vi.advanceTimersByTimeAsync(1000);
    server.problem = null;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(tab.states.at(-1)).toBe(false);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(tab.states.at(-1)).toBe(true);
  });

  it('does not wait when it is told to hurry', async () => {
    const tab = await open();
    server.problem = new ServerProblem(503, 'crowded', '', [], 3000);
    server.end();
    await vi.advanceTimersByTimeAsync(1000);
    server.problem = null;
    tab.follower.hurry();
    await settled();
    expect(tab.states.at(-1)).toBe(true);
  });

  it('notices another server under the same address', async () => {
    server.add(1, 2, 3);
    const tabs = [await open(), await open()];
    server.changes = [];
    server.end();
    await vi.advanceTimersByTimeAsync(2000);
    expect(tabs[0]!.resets).toBe(1);
    server.add(1);
    await settled();
    expect(tabs[0]!.seen).toEqual([1]);
    expect(tabs[1]!.resets).toBe(1);
    expect(tabs[1]!.seen).toEqual([1]);
  });

  it('ends when the token is refused', async () => {
    const tab = await open();
    server.problem = new ServerProblem(401, 'unauthorized', '');
    server.end();
    await vi.advanceTimersByTimeAsync(2000);
    expect(tab.refusals).toBe(1);
    server.problem = null;
    server.add(1);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(tab.seen).toEqual([]);
  });

  it('tells a new tab whether the stream is open', async () => {
    await open();
    const second = await open();
    expect(second.states).toEqual([true]);
  });

  it('takes the lead from a tab that sleeps, but only then', async () => {
    const [first, second] = [await open(), await open()];
    await vi.advanceTimersByTimeAsync(40_000);
    second.follower.watch();
    expect(queue.taken).toBe(0);
    first.channel.onmessage = null;
    await vi.advanceTimersByTimeAsync(40_000);
    second.follower.watch();
    expect(queue.taken).toBe(1);
  });
});
