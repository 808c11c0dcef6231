/** What keys do beyond what the browser does by itself: lines keep their indentation, Tab indents. */

import { type ChangeSpec, EditorSelection, type EditorState, type TransactionSpec } from '@codemirror/state';
import type { EditorView, KeyBinding } from '@codemirror/view';

const UNIT = '  ';

/** A new line with the indentation of this one: one level deeper behind a bracket, which closes on a line of its own. */
export function lineBreak(state: EditorState): TransactionSpec {
  return state.changeByRange(({ from, to }) => {
    const line = state.doc.lineAt(from);
    const indentation = /^[ \t]*/.exec(line.text.slice(0, from - line.from))![0];
    const opens = /[{[]\s*$/.test(line.text.slice(0, from - line.from));
    const closes = opens && /^\s*[}\]]/.test(state.doc.sliceString(to, state.doc.lineAt(to).to));
    const first = `\n${indentation}${opens ? UNIT : ''}`;
    const insert = closes ? `${first}\n${indentation}` : first;
    return { changes: { from, to, insert }, range: EditorSelection.cursor(from + first.length) };
  });
}

/** Indent the lines of the selection, or insert an indentation at the cursor. */
export function indented(state: EditorState): TransactionSpec {
  if (state.selection.main.empty) return state.replaceSelection(UNIT);
  return { changes: linesOf(state).map(({ from }) => ({ from, insert: UNIT })) };
}

/** Take one indentation from the lines of the selection. */
export function outdented(state: EditorState): TransactionSpec {
  const changes = linesOf(state).flatMap(({ from, text }): ChangeSpec[] => {
    const length = /^(\t| {1,2})?/.exec(text)![0].length;
    return length ? [{ from, to: from + length }] : [];
  });
  return { changes };
}

function linesOf(state: EditorState): { from: number; text: string }[] {
  const { from, to } = state.selection.main;
  const [first, last] = [state.doc.lineAt(from).number, state.doc.lineAt(to).number];
  return Array.from({ length: last - first + 1 }, (_, index) => state.doc.line(first + index));
}

const edit =
  (change: (state: EditorState) => TransactionSpec) =>
  (view: EditorView): boolean => {
    view.dispatch(view.state.update(change(view.state), { scrollIntoView: true, userEvent: 'input' }));
    return true;
  };

/** The browser knows only the lines that are drawn, so keys that go to an end of the document are handled here. */
const go =
  (to: (state: EditorState, anchor: number) => { anchor: number; head: number }) =>
  (view: EditorView): boolean => {
    const selection = to(view.state, view.state.selection.main.anchor);
    view.dispatch({ selection, scrollIntoView: true, userEvent: 'select' });
    return true;
  };

export const typing: readonly KeyBinding[] = [
  { key: 'Enter', run: edit(lineBreak), shift: edit(lineBreak) },
  { key: 'Tab', run: edit(indented), shift: edit(outdented) }, // Escape, then Tab leaves
  { key: 'Mod-a', run: go((state) => ({ anchor: 0, head: state.doc.length })) },
  {
    key: 'Mod-Home',
    mac: 'Cmd-ArrowUp',
    run: go(() => ({ anchor: 0, head: 0 })),
    shift: go((_, anchor) => ({ anchor, head: 0 })),
  },
  {
    key: 'Mod-End',
    mac: 'Cmd-ArrowDown',
    run: go(({ doc }) => ({ anchor: doc.length, head: doc.length })),
    shift: go(({ doc }, anchor) => ({ anchor, head: doc.length })),
  },
];
