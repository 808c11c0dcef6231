/** Where somebody is in a film. It stays at its moment when the film grows, is thinned or is replaced. */

import type { Frame } from './film.ts';
import type { LiveFilm } from './live_film.svelte.ts';

export const SPEEDS = [0.5, 1, 2, 4] as const;
export type Speed = (typeof SPEEDS)[number];

/** Seconds that a long film takes at normal speed; of a short one, each frame is seen for `SLOWEST_S`. */
const FILM_S = 24;
const SLOWEST_S = 0.3;
const LONGEST_STEP_S = 0.1; // a longer pause means that the page was hidden

/** Calls back before the next picture; returns how to prevent that. */
export type Schedule = (callback: (milliseconds: number) => void) => () => void;

const frames: Schedule = (callback) => {
  const id = requestAnimationFrame(callback);
  return () => cancelAnimationFrame(id);
};

export class Playhead {
  playing = $state(false);
  speed = $state<Speed>(1);
  /** Whether it sticks to the newest frame. */
  live = $state(true);
  #number = $state(0);
  readonly #film: () => LiveFilm | null;
  readonly #schedule: Schedule;
  #unschedule: (() => void) | null = null;
  #credit = 0;
  #before: number | null = null;

  /** Index of the frame; -1 without a film. */
  readonly index = $derived.by(() => {
    const film = this.#film();
    if (!film) return -1;
    return this.live ? film.frames.length - 1 : film.index(this.#number);
  });
  readonly frame: Frame | null = $derived.by(() => this.#film()?.frames[this.index] ?? null);

  constructor(film: () => LiveFilm | null, schedule: Schedule = frames) {
    this.#film = film;
    this.#schedule = schedule;
  }

  get #last(): number {
    return (this.#film()?.frames.length ?? 0) - 1;
  }

  /** Play from here; a film that is at its end, from its beginning. */
  play(): void {
    if (this.playing || this.#last < 1) return;
    if (this.index >= this.#last) this.seek(0);
    this.live = false;
    this.playing = true;
    this.#credit = 0;
    this.#before = null;
    this.#wait();
  }

  pause(): void {
    this.seek(this.index);
  }

  toggle(): void {
    if (this.playing) this.pause();
    else this.play();
  }

  /** Go to a frame, and stay there. */
  seek(index: number): void {
    this.#stop();
    this.#place(index);
  }

  /** One frame, or several, forth or back. */
  step(by: number): void {
    this.seek(this.index + by);
  }

  /** Go to the newest frame, and follow what comes. */
  toLive(): void {
    this.#stop();
    this.live = true;
  }

  /** Stop for good: its component is gone. */
  destroy(): void {
    this.#stop();
  }

  #place(index: number): void {
    const film = this.#film();
    const frame = film?.frames[Math.min(Math.max(index, 0), film.frames.length - 1)];
    if (!frame) return;
    this.#number = frame.number;
    this.live = false;
  }

  #stop(): void {
    this.#unschedule?.();
    this.#unschedule = null;
    this.playing = false;
  }

  #wait(): void {
    this.#unschedule = this.#schedule((now) => this.#tick(now));
  }

  #tick(now: number): void {
    const passed = Math.min(LONGEST_STEP_S, (now - (this.#before ?? now)) / 1000);
    this.#before = now;
    this.#credit += (passed * this.speed) / Math.min(SLOWEST_S, FILM_S / Math.max(1, this.#last));
    const steps = Math.floor(this.#credit);
    this.#credit -= steps;
    if (steps) this.#place(this.index + steps);
    if (this.index < this.#last) return this.#wait();
    if (this.#film()?.complete) this.#stop();
    else this.toLive();
  }
}
