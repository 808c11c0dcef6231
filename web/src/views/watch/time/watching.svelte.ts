/** What Watch shows: a run, perhaps a second one, and the moment at which both are seen. */

import { Playhead } from '../../../film/playhead.svelte.ts';
import type { Frame } from '../../../film/film.ts';
import type { LiveFilm } from '../../../film/live_film.svelte.ts';
import type { Run } from '../../../state/run.svelte.ts';
import { t } from '../../../text/index.svelte.ts';
import { alignedFrame, positionOf, type Track, type Unit } from './track.ts';

/** Whether the weights will change no more. */
export function isTrained(run: Run): boolean {
  return run.finished || run.trained !== null;
}

export class Watching {
  readonly playhead: Playhead;
  readonly #run: () => Run;
  readonly #other: () => Run | null;
  readonly #unit: () => Unit;

  constructor(run: () => Run, other: () => Run | null, unit: () => Unit) {
    this.#run = run;
    this.#other = other;
    this.#unit = unit;
    this.playhead = new Playhead(() => this.film);
  }

  readonly run: Run = $derived.by(() => this.#run());
  readonly other: Run | null = $derived.by(() => this.#other());
  readonly film: LiveFilm = $derived(this.run.film.want());
  readonly track: Track = $derived(trackOf(this.run));
  readonly otherTrack: Track | null = $derived(this.other && trackOf(this.other));

  /** What the axis counts. Alone, a run is shown by its epochs. */
  readonly unit: Unit = $derived.by(() => (this.other ? this.#unit() : 'epoch'));
  readonly index: number = $derived.by(() => this.playhead.index);
  readonly frame: Frame | null = $derived.by(() => this.playhead.frame);
  /** Completed steps at the moment that is shown. Without a film: all of them. */
  readonly step: number = $derived(
    this.frame ? this.frame.number : this.run.epochs.length * this.track.stepsPerEpoch,
  );
  /** Where the moment is on the axis. */
  readonly place: number = $derived(positionOf(this.track, this.step, this.unit));
  /** Where the axis ends. */
  readonly end: number = $derived(
    Math.max(
      positionOf(this.track, this.track.end, this.unit),
      this.otherTrack ? positionOf(this.otherTrack, this.otherTrack.end, this.unit) : 0,
    ),
  );

  readonly otherFilm: LiveFilm | null = $derived(this.other?.film.want() ?? null);
  readonly otherIndex: number = $derived.by(() => {
    if (!this.otherTrack?.numbers.length || !this.track.numbers.length) return -1;
    return alignedFrame(this.track, Math.max(0, this.index), this.otherTrack, this.unit);
  });
  /** Whether the compared run is at its end, and stays there while this one goes on. */
  readonly isOtherFinal: boolean = $derived(
    this.other !== null &&
      isWhole(this.other) &&
      this.otherIndex === this.other.film.frames.length - 1 &&
      this.otherIndex >= 0,
  );
  readonly otherFrame: Frame | null = $derived(this.otherFilm?.frames[this.otherIndex] ?? null);

  /** Whether more frames may come. */
  readonly isGrowing: boolean = $derived(!isTrained(this.run));
  readonly isAtEnd: boolean = $derived(this.index >= this.film.frames.length - 1);
  /** Whether the final weights are shown: nothing comes after them. */
  readonly isFinal: boolean = $derived(this.isAtEnd && isWhole(this.run));
  /** The epoch of the newest frame. */
  readonly newestEpoch: number = $derived.by(() => {
    const last = this.film.frames.at(-1);
    return last ? this.film.epochOf(last) : this.run.epoch;
  });
  /** Attempts that failed, and the epoch, with its fraction, that the training had reached. */
  readonly interruptions: { epoch: number; attempt: number }[] = $derived(
    this.run.interrupted.map(({ attempt, reached }) => ({ attempt, epoch: reached })),
  );
  readonly epoch: number = $derived(this.frame ? this.film.epochOf(this.frame) : this.run.epoch);
}

/** Whether all frames that there will be are here. */
export function isWhole(run: Run): boolean {
  return run.film.complete && isTrained(run);
}

/** Where the frames of a run are. While it trains, its axis reaches to the planned end. */
export function trackOf(run: Run): Track {
  const { frames, header } = run.film;
  const numbers = frames.map(({ number }) => number);
  const stepsPerEpoch = header?.steps_per_epoch ?? run.progress?.steps ?? stepsFromLosses(run);
  const reached = Math.max(numbers.at(-1) ?? 0, run.epochs.length * stepsPerEpoch);
  const planned = run.epochCount * stepsPerEpoch;
  const stopped = numbers.at(-1) ?? Math.round(reached);
  const end = isTrained(run) ? (run.trained?.stopped ? stopped : reached) : Math.max(planned, reached);
  return { numbers, stepsPerEpoch, end: Math.max(1, end) };
}

function stepsFromLosses({ losses, epochs }: Run): number {
  const epoch = epochs.at(-1)?.epoch;
  return epoch ? Math.max(1, Math.round((losses.values.length * losses.every) / epoch)) : 1;
}

/** The moment in words: "epoch 31 of 200". */
export function whereOf(watching: Watching): string {
  if (watching.frame && watching.film.isRestored(watching.frame)) return t().watch.restored;
  return watching.epoch === 0
    ? t().watch.atStart
    : t().watch.epochOf(watching.epoch, watching.run.epochCount);
}
