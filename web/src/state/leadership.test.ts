import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LockLeadership, SeenLeadership, type Channel, type Sight } from './leadership.ts';

const until = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve()));

describe('SeenLeadership', () => {
  const channels = new Set<Channel>();
  function channel(): Channel {
    const one: Channel = {
      onmessage: null,
      postMessage: (message) => {
        for (const other of channels)
          if (other !== one) queueMicrotask(() => other.onmessage?.({ data: message } as MessageEvent));
      },
    };
    channels.add(one);
    return one;
  }

  class Tab {
    leads = false;
    isSeen = true;
    readonly end = new AbortController();
    #changed: (() => void) | null = null;
    readonly #channel = channel();
    readonly leadership: SeenLeadership;

    constructor(id: number) {
      const sight: Sight = {
        isSeen: () => this.isSeen,
        onchange: (callback) => {
          this.#changed = callback;
          return () => (this.#changed = null);
        },
      };
      this.leadership = new SeenLeadership(this.#channel, sight, id);
      void this.leadership.lead(async (signal) => {
        this.leads = true;
        await until(signal);
        this.leads = false;
      }, this.end.signal);
    }

    show(isSeen: boolean): void {
      this.isSeen = isSeen;
      this.#changed?.();
    }

    /** Closed so suddenly that it could say nothing. */
    crash(): void {
      channels.delete(this.#channel);
      this.#channel.postMessage = () => undefined;
      this.end.abort();
    }
  }

  beforeEach(() => {
    vi.useFakeTimers();
    channels.clear();
  });
  afterEach(() => vi.useRealTimers());
  const leaders = (tabs: Tab[]): number[] => tabs.flatMap(({ leads }, i) => (leads ? [i] : []));

  it('has one leader, however many begin at once', async () => {
    const tabs = Array.from({ length: 8 }, (_, i) => new Tab(8 - i));
    for (let i = 0; i < 50; i++) {
      await vi.advanceTimersByTimeAsync(200);
      expect(leaders(tabs).length).toBeLessThanOrEqual(1);
    }
    expect(leaders(tabs)).toHaveLength(1);
  });

  it('hands over when the leader is closed or hidden', async () => {
    const tabs = [new Tab(1), new Tab(2), new Tab(3)];
    await vi.advanceTimersByTimeAsync(1000);
    expect(leaders(tabs)).toEqual([0]);
    tabs[0]!.end.abort();
    await vi.advanceTimersByTimeAsync(1000);
    expect(leaders(tabs)).toEqual([1]);
    tabs[1]!.show(false);
    await vi.advanceTimersByTimeAsync(1000);
    expect(leaders(tabs)).toEqual([2]);
    tabs[1]!.show(true);
    await vi.advanceTimersByTimeAsync(5000);
    expect(leaders(tabs)).toEqual([2]);
  });

  it('hands over when the leader has crashed', async () => {
    const tabs = [new Tab(1), new Tab(2)];
    await vi.advanceTimersByTimeAsync(1000);
    tabs[0]!.crash();
    await vi.advanceTimersByTimeAsync(5000);
    expect(leaders(tabs)).toEqual([1]);
  });

  it('never leads in hidden tabs', async () => {
    const tab = new Tab(1);
    tab.show(false);
    await vi.advanceTimersByTimeAsync(130_000);
    expect(tab.leads).toBe(false);
    tab.show(true);
    await vi.advanceTimersByTimeAsync(1000);
    expect(tab.leads).toBe(true);
  });
});

describe('LockLeadership', () => {
  /** As much of Web Locks as is used, for one name. */
  class Locks {
    #held: { reject: (error: Error) => void } | null = null;
    readonly #waiting: (() => void)[] = [];

    async request(_: string, options: { steal?: boolean; signal?: AbortSignal }, work: () => Promise<void>) {
      if (options.steal) this.#held?.reject(new DOMException('', 'AbortError'));
      else if (this.#held)
        await new Promise<void>((resolve, reject) => {
          this.#waiting.push(resolve);
          options.signal?.addEventListener('abort', () => {
            this.#waiting.splice(this.#waiting.indexOf(resolve), 1);
            reject(new DOMException('', 'AbortError'));
          });
        });
      await new Promise<void>((resolve, reject) => {
        const held = (this.#held = { reject });
        work()
          .then(resolve, reject)
          .finally(() => {
            if (this.#held !== held) return;
            this.#held = null;
            this.#waiting.shift()?.();
          });
      });
    }
  }

  const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));
  function tab(locks: Locks) {
    const state = { leads: false, end: new AbortController() };
    const leadership = new LockLeadership('x', locks as unknown as LockManager);
    void leadership.lead(async (signal) => {
      state.leads = true;
      await until(signal);
      state.leads = false;
    }, state.end.signal);
    return { state, leadership };
  }

  it('hands over when a tab is closed', async () => {
    const locks = new Locks();
    const [a, b] = [tab(locks), tab(locks)];
    await settled();
    expect([a.state.leads, b.state.leads]).toEqual([true, false]);
    a.state.end.abort();
    await settled();
    expect([a.state.leads, b.state.leads]).toEqual([false, true]);
  });

  it('can be taken, and is waited for again', async () => {
    const locks = new Locks();
    const [a, b] = [tab(locks), tab(locks)];
    await settled();
    a.leadership.take(); // leads already
    b.leadership.take();
    await settled();
    expect([a.state.leads, b.state.leads]).toEqual([false, true]);
    b.state.end.abort();
    await settled();
    expect([a.state.leads, b.state.leads]).toEqual([true, false]);
  });
});
