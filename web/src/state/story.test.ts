import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Story, type Event } from './story.ts';

const lines = readFileSync(new URL('fixtures/spirals.events.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n');
const events = lines.map((line) => JSON.parse(line) as Event);
const told = (events: readonly Event[]): Story => {
  const story = new Story();
  events.forEach((event, i) => story.tell(i + 1, event));
  return story;
};
const epoch = (number: number, seconds: number, epochs = 10): Event => ({
  type: 'epoch',
  time: new Date(1e12 + 1000 * seconds).toISOString(),
  epoch: number,
  epochs,
  metrics: { loss: 1 / number },
  learning_rate: 0.1,
  seconds: 1,
});
const batches = (first: number, losses: (number | null)[], every = 1): Event => ({
  type: 'batches',
  first,
  every,
  losses,
});
const started: Event = { type: 'started', name: 'x', dataset: 'iris', epochs: 10, seed: 0 };
const built = events.find(({ type }) => type === 'built')!;

describe('Story', () => {
  it('is told by a whole run', () => {
    const story = told(events);
    expect(story.status).toBe('ready');
    expect(story.stages.map(({ state }) => state)).toEqual(['done', 'done', 'done', 'done']);
    expect(story.stages.every(({ seconds }) => seconds !== null)).toBe(true);
    expect(story.epochs.map(({ epoch }) => epoch)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    expect(story.losses.values).toHaveLength(36);
    expect([...story.losses.values].every(Number.isFinite)).toBe(true);
    expect([story.epoch, story.epochCount, story.snapshot?.frame]).toEqual([12, 12, 36]);
    expect(story.verified?.files.map(({ name }) => name)).toContain('model.mlpackage');
    expect(story.secondsLeft).toBeNull();
  });

  it('is the same when events come twice', () => {
    const story = new Story();
    events.forEach((event, i) => {
      expect(story.tell(i + 1, event)).toBe(true);
      if (i > 0) expect(story.tell(i, events[i - 1]!)).toBe(true);
    });
    events.forEach((event, i) => story.tell(i + 1, event));
    expect(story.epochs).toEqual(told(events).epochs);
    expect(story.losses).toEqual(told(events).losses);
  });

  it('knows what an attempt had reached when it failed', () => {
    const interrupted: Event = { type: 'interrupted', attempt: 1, reason: 'the worker was killed' };
    expect(told([started, built, epoch(1, 1), epoch(2, 2), interrupted]).interrupted).toMatchObject([
      { attempt: 1, reached: 2 },
    ]);
    expect(told([started, interrupted]).interrupted).toMatchObject([{ reached: 0 }]);
  });

  it('waits for an event that is missing', () => {
    const story = new Story();
    story.tell(1, events[0]!);
    expect(story.tell(3, events[2]!)).toBe(false);
    expect(story.last).toBe(1);
    expect(story.tell(2, events[1]!)).toBe(true);
    expect(story.tell(3, events[2]!)).toBe(true);
  });

  it('is told by some of the events, and goes on with the next one', () => {
    const some = events.map((event, i) => ({ id: i + 1, event })).filter(({ id }) => id % 3 === 1);
    const story = Story.of(some, events.length - 1);
    const epochs = some.map(({ event }) => event).filter(({ type }) => type === 'epoch');
    expect(epochs.length).toBeGreaterThan(2);
    expect(story.epochs).toEqual(epochs);
    expect(story.tell(events.length, events.at(-1)!)).toBe(true);
    expect([story.status, story.last]).toEqual(['ready', events.length]);
  });

  it('replaces lists only when they change', () => {
    const story = told([started, built, epoch(1, 0)]);
    const { epochs, losses } = story;
    story.tell(4, { type: 'warning', pointer: '', message: 'x' });
    expect(story.epochs).toBe(epochs);
    expect(story.losses).toBe(losses);
    story.tell(5, epoch(2, 1));
    expect(story.epochs).not.toBe(epochs);
    expect(epochs).toHaveLength(1);
  });

  it('goes back when a training goes on from a checkpoint', () => {
    const story = told([
      started,
      built,
      batches(1, [4, 3, 2, 1]),
      epoch(1, 0),
      epoch(2, 1),
      epoch(3, 2),
      { type: 'interrupted', attempt: 1, reason: 'killed' },
    ]);
    expect(story.status).toBe('queued');
    expect(story.stages[1]!.state).toBe('waiting');
    [started, built, batches(3, [9]), epoch(2, 60)].forEach((event) => story.tell(story.last + 1, event));
    expect(story.attempt).toBe(2);
    expect(story.epochs.map(({ epoch }) => epoch)).toEqual([1, 2]);
    expect([...story.losses.values]).toEqual([4, 3, 9]);
  });

  it('keeps gaps and numbers that are not finite as NaN', () => {
    const story = told([started, built, batches(1, [1, null], 2), batches(9, [5], 2)]);
    expect(story.losses.every).toBe(2);
    expect([...story.losses.values]).toEqual([1, NaN, NaN, NaN, 5]);
  });

  it('grows over many values', () => {
    const story = told([started, built]);
    for (let first = 1; first < 8192; first += 64)
      story.tell(
        story.last + 1,
        batches(
          first,
          Array.from({ length: 64 }, (_, i) => first + i),
        ),
      );
    expect(story.losses.values).toHaveLength(8192);
    expect(story.losses.values.every((value, i) => value === i + 1)).toBe(true);
  });

  it('estimates the time left by the times of the server', () => {
    const story = told([started, built, epoch(1, 0)]);
    expect(story.secondsLeft).toBeNull();
    story.tell(4, epoch(2, 3));
    expect(story.secondsLeft).toBeCloseTo(24);
    story.tell(5, epoch(5, 12));
    expect(story.secondsLeft).toBeCloseTo(15);
  });

  it('ends where it failed', () => {
    const story = told([started, { type: 'failed', error: 'X', message: 'no', problems: [] }]);
    expect(story.status).toBe('failed');
    expect(story.stages.map(({ state }) => state)).toEqual(['failed', 'skipped', 'skipped', 'skipped']);
  });

  it('says where it was cancelled', () => {
    const story = told([started, built, { type: 'cancelled' }]);
    expect(story.stages.map(({ state }) => state)).toEqual(['done', 'cancelled', 'skipped', 'skipped']);
  });
});
