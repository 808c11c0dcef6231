/** The document that is being built. Only its text is stored; blocks, forms and the editor show and change it. */

import { request, type Schemas, ServerProblem } from '../api/client.ts';
import { hashOf } from '../state/route.svelte.ts';
import { type Check, Checker } from './checker.ts';
import { edited } from './edits.ts';
import { History, type Step } from './history.ts';
import * as layers from './layers.ts';
import { packed } from './link.ts';
import { message } from './messages.ts';
import { type Patch, PatchError, patchOf } from './patch.ts';
import { isObject, isWithin } from './pointer.ts';
import { keyRangeOf, lineOf, nodeAt, offsetOf, type Range, rangeOf, read, type Source } from './source.ts';
import { setting } from './setting.ts';
import { isTooLarge, TooLarge } from './size.ts';
import { START } from './start.ts';
import { keep, keptText } from './storage.ts';
import { submitted } from './submission.ts';

export type { Check } from './checker.ts';
export { type DraftDocument, type DraftLayer, INPUT } from './layers.ts';
export type Problem = Schemas['Problem'];
export type Origin = 'editor' | 'example' | 'link' | 'clone';

/** After a keystroke the server is asked once the next ones have had time to come. */
const TYPING_MS = 40;
const KEEPING_MS = 300;

async function ask(text: string, signal: AbortSignal): Promise<Schemas['ValidationMessage']> {
  const headers = { 'Content-Type': 'application/json' };
  const answer = await request('v1/validate', { method: 'POST', body: text, headers, signal });
  return (await answer.json()) as Schemas['ValidationMessage'];
}

/** Lines as editors have them, so that positions are the same everywhere. */
const unix = (text: string): string => text.replaceAll(/\r\n?/g, '\n');

export class Draft {
  /** JSON with its formatting. */
  text = $state.raw('');
  source = $state.raw<Source>(read(''));
  /** What the text says; null while it cannot be read. */
  value = $state.raw<layers.DraftDocument | null>(null);
  /** The last document that could be read; one of the SculptML app as the server understands it. */
  shown = $state.raw<layers.DraftDocument>({});
  /** The layers of `shown`. */
  layers = $state.raw<readonly layers.DraftLayer[]>([]);
  /** The server's last answer; `isCurrent` tells whether it is about this very text. */
  check = $state.raw<Check | null>(null);
  /** Why the server could not be asked; it is asked again. */
  trouble = $state.raw<ServerProblem | null>(null);
  /** The selected layer. */
  selected = $state<number | null>(null);
  /** A place in the text that somebody asked to see; a new object for each time. */
  wanted = $state.raw<{ readonly from: number } | null>(null);
  canUndo = $state(false);
  canRedo = $state(false);
  readonly isCurrent = $derived(this.check?.text === this.text);
  readonly checking = $derived(!this.isCurrent);
  /** Whether blocks and forms can change the document: it can be read, and is not one of the SculptML app. */
  readonly editable = $derived(this.value !== null && layers.hasBlocks(this.value));
  readonly problems = $derived<readonly Problem[]>(this.check?.problems ?? []);
  /** What the server says about each layer, by the name of the layer. */
  readonly #rows = $derived(new Map((this.check?.layers ?? []).map((row) => [row.name, row])));

  readonly #history = new History();
  readonly #checker: Checker;
  #keeping: ReturnType<typeof setTimeout> | undefined;

  constructor(text: string = keptText() ?? START, question = ask) {
    this.#checker = new Checker(
      question,
      (check) => this.#answered(check),
      (error) =>
        (this.trouble = error instanceof ServerProblem ? error : new ServerProblem(0, 'page', String(error))),
    );
    this.#become(unix(text), null, 0);
  }

  /** Whether the server has answered that this very text can be trained. */
  get canTrain(): boolean {
    return this.isCurrent && this.check?.valid === true;
  }

  /** Shape and weights of a layer, as far as the server knows them. */
  row(index: number): Schemas['ValidLayer'] | null {
    const layer = this.layers[index];
    const row = layer && this.#rows.get(layer.name);
    return row && row.type === layer.type ? row : null;
  }

  /** The problems at a place, or within it. */
  problemsAt(pointer: string): Problem[] {
    return this.problems.filter((problem) => isWithin(problem.pointer, pointer));
  }

  /** The layer that a problem is about; null for one of another part. */
  layerOf(pointer: string): number | null {
    const found = this.layers.findLast((layer) => isWithin(pointer, layer.pointer));
    return found?.index ?? null;
  }

  /** Where a problem is in the text that it was found in. */
  rangeOf(problem: Problem): Range {
    const { line, column } = problem.values;
    if (problem.code.startsWith('json-') && typeof line === 'number' && typeof column === 'number') {
      const from = offsetOf(this.text, line, column);
      return { from, to: Math.min(this.text.length, from + 1) };
    }
    const isKey = problem.code === 'unknown-key' || problem.code === 'same-key-twice';
    return (isKey ? keyRangeOf : rangeOf)(this.source, problem.pointer);
  }

  /** Where the value at a pointer is in the text. */
  rangeAt(pointer: string): Range {
    return rangeOf(this.source, pointer);
  }

  /** The line of a problem, from 1. */
  lineOf(problem: Problem): number {
    return lineOf(this.text, this.rangeOf(problem).from);
  }

  /** The lines of a layer, from 1; null if the text cannot be read. */
  linesOf(index: number): { first: number; last: number } | null {
    const layer = this.layers[index];
    if (!layer || !nodeAt(this.source.root, layer.pointer)) return null;
    const { from, to } = rangeOf(this.source, layer.pointer);
    return { first: lineOf(this.text, from), last: lineOf(this.text, to) };
  }

  /** Select the layer around a position in the text. */
  selectAt(offset: number): void {
    const around = this.layers.find((layer) => {
      const node = nodeAt(this.source.root, layer.pointer);
      return node && node.offset <= offset && offset <= node.offset + node.length;
    });
    if (around) this.selected = around.index;
  }

  /** Show where a problem is: its layer is selected, and the editor goes to its line. */
  show(problem: Problem): void {
    const layer = this.layerOf(problem.pointer);
    if (layer !== null) this.selected = layer;
    this.wanted = { from: this.rangeOf(problem).from };
  }

  /** Set a value; undefined removes it. */
  edit(pointer: string, value: unknown): void {
    if (this.editable) this.#patch(setting(this.value, pointer, value), `edit ${pointer}`);
  }

  insertLayer(index: number, layer: object): void {
    const place = Math.max(0, Math.min(index, this.layers.length));
    if (!this.editable) return;
    if (!this.layers.length) this.edit('/model/layers', [layer]);
    else this.#patch(layers.insertion(this.layers, place, layer));
    this.selected = place;
  }

  removeLayer(index: number): void {
    if (!this.editable) return;
    this.#patch(layers.removal(this.layers, index));
    this.selected = this.layers.length ? Math.max(0, Math.min(index, this.layers.length - 1)) : null;
  }

  moveLayer(from: number, to: number): void {
    if (!this.editable) return;
    this.#patch(layers.relocation(this.layers, from, to));
    if (this.layers[to]) this.selected = to;
  }

  duplicate(index: number): void {
    if (!this.editable) return;
    this.#patch(layers.duplication(this.layers, index));
    this.selected = index + 1;
  }

  /** A problem in the language of the page. */
  message(problem: Problem): string {
    return message(problem);
  }

  /** Apply a fix of the server. One for an older text that no longer fits changes nothing. */
  apply(fix: unknown): void {
    const patch = patchOf(fix);
    if (patch && this.value !== null) this.#patch(patch);
  }

  /** Replace the whole text; what was typed in quick succession is one step of the history. May throw `TooLarge`. */
  replaceText(text: string, origin: Origin): void {
    if (isTooLarge(text.length, () => text)) throw new TooLarge();
    const isTyped = origin === 'editor';
    this.#edit(unix(text), isTyped ? 'typing' : '', isTyped ? this.selected : null, isTyped ? TYPING_MS : 0);
  }

  undo(): void {
    this.#turn(this.#history.undo(this.#step()));
  }

  redo(): void {
    this.#turn(this.#history.redo(this.#step()));
  }

  /** A link that carries all of it. */
  async link(): Promise<string> {
    return hashOf('build', '', { d: await packed(this.text) });
  }

  /** Submit the document; returns the ID of the job. See `submitted` for what happens after a lost answer. */
  train(): Promise<string> {
    const { text } = this;
    return submitted(text, async (key) => {
      const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': key };
      const answer = await request('v1/jobs', { method: 'POST', body: text, headers });
      return ((await answer.json()) as Schemas['JobMessage']).id;
    });
  }

  /** Ask the server about the text again: after a token was given, or a dataset has come. */
  recheck(): void {
    this.#checker.request(this.text, 0);
  }

  /** Store the text now, since the page goes. */
  keep(): void {
    clearTimeout(this.#keeping);
    keep(this.text);
  }

  #answered(check: Check): void {
    this.check = check;
    this.trouble = null;
    // A document of the SculptML app is shown as the server understands it.
    if (this.editable || this.value === null || !isObject(check.spec)) return;
    this.shown = check.spec;
    this.layers = layers.layersOf(check.spec);
  }

  #patch(patch: Patch, kind = ''): void {
    if (!patch.length) return;
    try {
      this.#edit(edited(this.text, patch), kind, this.selected, 0);
    } catch (error) {
      if (!(error instanceof PatchError)) throw error;
    }
  }

  #edit(text: string, kind: string, selected: number | null, delay: number): void {
    if (text === this.text) return;
    this.#history.record(this.#step(), kind, performance.now());
    this.#become(text, selected, delay);
  }

  #turn(step: Step | null): void {
    if (step) this.#become(step.text, step.selected, 0);
  }

  #step(): Step {
    return { text: this.text, selected: this.selected };
  }

  #become(text: string, selected: number | null, delay: number): void {
    this.text = text;
    this.source = read(text);
    this.value = isObject(this.source.value) ? this.source.value : null;
    if (this.value) {
      this.shown = this.value;
      this.layers = layers.layersOf(this.value);
    }
    this.selected = selected !== null && selected < this.layers.length ? selected : null;
    this.canUndo = this.#history.canUndo;
    this.canRedo = this.#history.canRedo;
    this.#checker.request(text, delay);
    clearTimeout(this.#keeping);
    this.#keeping = setTimeout(() => this.keep(), KEEPING_MS);
  }
}
