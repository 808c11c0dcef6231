/** Problems in the text: underlined, explained where the pointer rests, and reached with F8. */

import { type EditorState, type Extension, type Range, StateEffect, StateField } from '@codemirror/state';
import {
  activateHover,
  Decoration,
  type DecorationSet,
  EditorView,
  hoverTooltip,
  type KeyBinding,
  type Tooltip,
  WidgetType,
} from '@codemirror/view';

export interface TextProblem {
  readonly from: number;
  readonly to: number;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly fix: { readonly name: string; readonly apply: () => void } | null;
}

interface Place {
  readonly from: number;
  readonly to: number;
  readonly problem: TextProblem;
}

/** Replaces all problems. */
export const setProblems = StateEffect.define<readonly TextProblem[]>();

/** Marks a place without characters, such as the end of the text. */
class Point extends WidgetType {
  toDOM(): HTMLElement {
    return element('span', 'cm-problem-point');
  }
}

const field = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(value, transaction) {
    const found = transaction.effects.findLast((effect) => effect.is(setProblems));
    if (!found) return value.map(transaction.changes);
    const { doc } = transaction.state;
    const marks = (found.value as readonly TextProblem[]).map((problem): Range<Decoration> => {
      const [from, to] = [Math.min(problem.from, doc.length), Math.min(problem.to, doc.length)];
      const isSeen = doc.sliceString(from, to).trim() !== '';
      return isSeen
        ? Decoration.mark({ class: `cm-problem cm-problem-${problem.severity}`, problem }).range(from, to)
        : Decoration.widget({ widget: new Point(), problem }).range(from);
    });
    return Decoration.set(marks, true);
  },
  provide: (marks) => EditorView.decorations.from(marks),
});

function placesOf(state: EditorState, start = 0, end = state.doc.length): Place[] {
  const found: Place[] = [];
  state.field(field).between(start, end, (from, to, mark) => {
    found.push({ from, to, problem: (mark.spec as { problem: TextProblem }).problem });
  });
  return found;
}

/** What is wrong at a position, on the side of it where the pointer is. */
export function problemsAt(state: EditorState, position: number, side: number): Place[] {
  return placesOf(state, position, position).filter(
    ({ from, to }) => from === to || (side < 0 ? from < position : position < to),
  );
}

/** The first problem behind the selection, else the first one. */
export function nextProblem(state: EditorState): Place | null {
  const places = placesOf(state);
  return places.find(({ from }) => from > state.selection.main.from) ?? places[0] ?? null;
}

const explanation = hoverTooltip(
  ({ state }, position, side): Tooltip | null => {
    const places = problemsAt(state, position, side);
    if (!places.length) return null;
    return {
      pos: Math.min(...places.map(({ from }) => from)),
      end: Math.max(...places.map(({ to }) => to)),
      above: true,
      create: () => ({ dom: explained(places.map(({ problem }) => problem)) }),
    };
  },
  {
    hideOn: (transaction) =>
      transaction.docChanged || transaction.effects.some((effect) => effect.is(setProblems)),
  },
);

function explained(problems: readonly TextProblem[]): HTMLElement {
  const list = element('ul', 'cm-problems');
  for (const { message, severity, fix } of problems) {
    const item = list.appendChild(element('li', `cm-about cm-about-${severity}`));
    item.textContent = message;
    if (!fix) continue;
    const button = item.appendChild(element('button', 'cm-fix'));
    button.type = 'button';
    button.textContent = fix.name;
    button.onclick = fix.apply;
  }
  return list;
}

function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  className: string,
): HTMLElementTagNameMap[Name] {
  return Object.assign(document.createElement(name), { className });
}

export const problemKeys: readonly KeyBinding[] = [
  {
    key: 'F8',
    run(view) {
      const next = nextProblem(view.state);
      if (!next) return false;
      const { from, to } = next;
      view.dispatch({ selection: { anchor: from, head: to }, scrollIntoView: true });
      activateHover(view, from, 1, {
        tooltip: explanation,
        until: ({ docChanged, newSelection: { main } }) => docChanged || main.head < from || main.head > to,
      });
      return true;
    },
  },
];

export const problems: Extension = [field, explanation];
