/** Where a run is opened: at the moment that the address names, live, or from the start. And the address follows. */

import { route } from '../../../state/route.svelte.ts';
import { isTrained, type Watching } from './watching.svelte.ts';

const PAUSE_MS = 300; // browsers allow few changes of the address a second

export class Opening {
  #isOpen = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #written: string | null = null;

  constructor(watching: Watching) {
    $effect(() => this.#open(watching));
    $effect(() => this.#follow(watching));
  }

  destroy(): void {
    clearTimeout(this.#timer);
  }

  #open(watching: Watching): void {
    const { film, run, playhead } = watching;
    const wanted = route.place.query.get('at');
    if (this.#isOpen && wanted === this.#written) return;
    if (!film.frames.length || run.status === null) return;
    const isFirst = !this.#isOpen;
    if (wanted !== null && /^\d+$/.test(wanted)) {
      const number = Number(wanted);
      if (!film.complete && number > film.frames.at(-1)!.number) return; // it is still to come
      this.#isOpen = true;
      this.#written = wanted;
      playhead.seek(film.index(number));
    } else if (isFirst && !isTrained(run)) {
      this.#isOpen = true;
    } else if (isFirst && film.complete) {
      this.#isOpen = true;
      if (!matchMedia('(prefers-reduced-motion: reduce)').matches) {
        playhead.seek(0);
        playhead.play();
      }
    }
  }

  /** The address names the moment while it stands still. */
  #follow(watching: Watching): void {
    const { playhead, frame } = watching;
    const at = playhead.playing || playhead.live || !frame ? null : String(frame.number);
    if (!this.#isOpen) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (route.place.query.get('at') === at) return;
      this.#written = at;
      route.amend({ at });
    }, PAUSE_MS);
  }
}
