/** Apply a JSON Patch to a text. The rest of it keeps its form: indentation, order, spaces, numbers, comments. */

import type { Node } from 'jsonc-parser';
import { applied, type Operation, type Patch, PatchError } from './patch.ts';
import { around, isEqual, stepsOf } from './pointer.ts';
import { indexOf, nodeAt, partsOf, read } from './source.ts';
import { inline, LINE, type Style, styleOf, written } from './style.ts';

/** The text with the operations of a patch. Throws a `PatchError` if one does not fit. */
export function edited(text: string, patch: Patch): string {
  return patch.reduce((now, operation) => {
    const { root, value } = read(now);
    if (!root || value === undefined) throw new PatchError(operation);
    const wanted = applied(value, [operation]);
    const after = new Editing(now, root).one(operation);
    // A safety check: make no change rather than a wrong one.
    if (!isEqual(read(after).value, wanted)) throw new PatchError(operation);
    return after;
  }, text);
}

interface NewValue {
  readonly value: unknown;
  /** The text that it had, if it was in the document. */
  readonly text?: string;
  /** Of the line of `text`. */
  readonly indentation?: string;
}

const endOf = (node: Node): number => node.offset + node.length;
/** Where a part begins, with its key. */
const beginOf = (part: Node): number => (part.parent?.type === 'property' ? part.parent : part).offset;

class Editing {
  readonly #style: Style;

  constructor(
    readonly text: string,
    readonly root: Node,
  ) {
    this.#style = styleOf(text);
  }

  one(operation: Operation): string {
    switch (operation.op) {
      case 'add':
        return this.#added(operation.path, { value: operation.value });
      case 'remove':
        return this.#without(operation.path);
      case 'replace':
        return this.#replaced(operation.path, operation.value);
      case 'move':
        return this.#moved(operation.from, operation.path);
      case 'copy':
        return this.#added(operation.path, this.#taken(operation.from));
      case 'test':
        return this.text;
    }
  }

  #put(from: number, to: number, text: string): string {
    return this.text.slice(0, from) + text + this.text.slice(to);
  }

  #replaced(path: string, value: unknown): string {
    const place = nodeAt(this.root, path)!;
    const shown = this.text.slice(place.offset, endOf(place));
    const inLines = place.children
      ? shown.includes('\n')
      : !!this.#style.unit && inline(value, this.#style).length > LINE;
    const text = written(value, this.#style, this.#indentation(place.offset), inLines);
    return this.#put(place.offset, endOf(place), text);
  }

  #without(path: string): string {
    const holder = nodeAt(this.root, around(path))!;
    const parts = partsOf(holder);
    const index = indexOf(holder, stepsOf(path).at(-1)!);
    if (parts.length === 1) return this.#put(holder.offset + 1, endOf(holder) - 1, '');
    if (index + 1 < parts.length) return this.#put(beginOf(parts[index]!), beginOf(parts[index + 1]!), '');
    return this.#put(endOf(parts[index - 1]!), endOf(parts[index]!), '');
  }

  #moved(from: string, path: string): string {
    if (from === path) return this.text;
    const place = nodeAt(this.root, from)!;
    const isRenamed = place.parent?.type === 'property' && around(from) === around(path);
    if (isRenamed && !nodeAt(this.root, path)) {
      const key = place.parent!.children![0]!;
      return this.#put(key.offset, endOf(key), JSON.stringify(stepsOf(path).at(-1)));
    }
    const rest = this.#without(from);
    return new Editing(rest, read(rest).root!).#added(path, this.#taken(from));
  }

  #taken(path: string): NewValue {
    const place = nodeAt(this.root, path)!;
    const text = this.text.slice(place.offset, endOf(place));
    return { value: read(text).value, text, indentation: this.#indentation(place.offset) };
  }

  #added(path: string, value: NewValue): string {
    if (!path) return this.#written(value, '', !!this.#style.unit);
    const holder = nodeAt(this.root, around(path))!;
    const step = stepsOf(path).at(-1)!;
    const isObject = holder.type === 'object';
    if (isObject && indexOf(holder, step) >= 0) return this.#replaced(path, value.value);
    const key = isObject ? `${JSON.stringify(step)}${this.#style.colon}` : '';
    const parts = partsOf(holder);
    if (!parts.length) return this.#first(holder, key, value);
    const index = isObject || step === '-' ? parts.length : Number(step);
    const beside = beginOf(parts[Math.min(index, parts.length - 1)]!);
    const space = /[ \t\r\n]*$/.exec(this.text.slice(0, beside))![0];
    const text = key + this.#written(value, this.#indentation(beside), this.#inLines(holder, value.value));
    const between = space.includes('\n') ? `,${space}` : this.#style.comma;
    if (index < parts.length) return this.#put(beside, beside, text + between);
    return this.#put(endOf(parts.at(-1)!), endOf(parts.at(-1)!), between + text);
  }

  /** The only part of an object or a list, on a line of its own where the root's parts are. */
  #first(holder: Node, key: string, value: NewValue): string {
    const { newline, unit } = this.#style;
    const [from, to] = [holder.offset + 1, endOf(holder) - 1];
    if (!unit || holder !== this.root)
      return this.#put(from, to, key + this.#written(value, this.#indentation(holder.offset), false));
    const isLong = inline(value.value, this.#style).length > LINE;
    return this.#put(from, to, `${newline}${unit}${key}${this.#written(value, unit, isLong)}${newline}`);
  }

  #written(value: NewValue, indentation: string, inLines: boolean): string {
    if (value.text === undefined) return written(value.value, this.#style, indentation, inLines);
    const [first = '', ...rest] = value.text.split(this.#style.newline);
    const cut = value.indentation ?? '';
    const moved = rest.map((line) => indentation + (line.startsWith(cut) ? line.slice(cut.length) : line));
    return [first, ...moved].join(this.#style.newline);
  }

  /** The white space at the beginning of a line. */
  #indentation(offset: number): string {
    const start = this.text.lastIndexOf('\n', offset - 1) + 1;
    return /^[ \t]*/.exec(this.text.slice(start, offset))![0];
  }

  /** Whether the parts of a new value go on lines of their own: as those of its neighbours. */
  #inLines(holder: Node, value: unknown): boolean {
    if (!this.#style.unit) return false;
    const length = inline(value, this.#style).length;
    const alike = partsOf(holder).filter((part) => part.children);
    if (alike.length && length <= 2 * LINE)
      return alike.every((part) => this.text.slice(part.offset, endOf(part)).includes('\n'));
    return length > LINE;
  }
}
