/** One history of a text for everybody who edits it. */

/** Edits of one kind that follow within this time are one step, as words that are typed. */
const TOGETHER_MS = 700;
const MOST = 500;
const MOST_CHARACTERS = 4_000_000;

export interface Step {
  readonly text: string;
  readonly selected: number | null;
}

export class History {
  #before: Step[] = [];
  #after: Step[] = [];
  #kind = '';
  #time = -Infinity;

  get canUndo(): boolean {
    return this.#before.length > 0;
  }

  get canRedo(): boolean {
    return this.#after.length > 0;
  }

  /** Remember what was there before an edit. Edits without a kind stand alone. */
  record(before: Step, kind: string, now: number): void {
    this.#after = [];
    const goesOn = kind !== '' && kind === this.#kind && now - this.#time < TOGETHER_MS && this.canUndo;
    this.#kind = kind;
    this.#time = now;
    if (goesOn) return;
    this.#before.push(before);
    let characters = this.#before.reduce((sum, step) => sum + step.text.length, 0);
    while (this.#before.length > MOST || (characters > MOST_CHARACTERS && this.#before.length > 1))
      characters -= this.#before.shift()!.text.length;
  }

  /** The step before the current one; null if there is none. */
  undo(current: Step): Step | null {
    return this.#turn(this.#before, this.#after, current);
  }

  redo(current: Step): Step | null {
    return this.#turn(this.#after, this.#before, current);
  }

  #turn(from: Step[], to: Step[], current: Step): Step | null {
    const step = from.pop();
    if (!step) return null;
    to.push(current);
    this.#kind = '';
    return step;
  }
}
