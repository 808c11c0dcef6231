/** Colours of JSON, line by line. A parser would be ten times as large, and the server says what is wrong anyway. */

import type { Extension } from '@codemirror/state';
import {
  Decoration,
  type DecorationSet,
  type EditorView,
  MatchDecorator,
  ViewPlugin,
  type ViewUpdate,
} from '@codemirror/view';

export type Token = 'key' | 'string' | 'number' | 'word' | 'sign';

/** A string, with the colon behind it if it is a key; a number; a word; a sign. A string may lack its end. */
export const TOKENS = /("(?:[^"\\]|\\.)*"?)(\s*:)?|(-?\d[\d.eE+-]*)|(true|false|null)\b|[{}[\],:]/g;

export function tokenOf(match: RegExpExecArray | RegExpMatchArray): Token {
  if (match[1] !== undefined) return match[2] === undefined ? 'string' : 'key';
  return match[3] !== undefined ? 'number' : match[4] !== undefined ? 'word' : 'sign';
}

const marks: Record<Token, Decoration> = {
  key: Decoration.mark({ class: 'cm-json-key' }),
  string: Decoration.mark({ class: 'cm-json-string' }),
  number: Decoration.mark({ class: 'cm-json-number' }),
  word: Decoration.mark({ class: 'cm-json-word' }),
  sign: Decoration.mark({ class: 'cm-json-sign' }),
};

const decorator = new MatchDecorator({
  regexp: TOKENS,
  decorate: (add, from, _to, match) => {
    const length = (match[1] ?? match[0]).length;
    add(from, from + length, marks[tokenOf(match)]);
  },
});

export const tokens: Extension = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;
    constructor(view: EditorView) {
      this.decorations = decorator.createDeco(view);
    }
    update(update: ViewUpdate): void {
      this.decorations = decorator.updateDeco(update, this.decorations);
    }
  },
  { decorations: (plugin) => plugin.decorations },
);
