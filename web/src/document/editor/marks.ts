/** Lines that stand out: those of the selected layer, and those with a problem. */

import { type Extension, RangeSet, RangeSetBuilder, StateEffect, StateField } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView, GutterMarker, gutterLineClass } from '@codemirror/view';

export interface Marks {
  /** Lines of the selected layer, from 1. */
  readonly selected: { readonly first: number; readonly last: number } | null;
  /** Lines with a problem. */
  readonly wrong: readonly number[];
}

export const mark = StateEffect.define<Marks>();

class WrongNumber extends GutterMarker {
  override elementClass = 'cm-wrong-number';
}

const wrongNumber = new WrongNumber();
const wrongLine = Decoration.line({ class: 'cm-wrong' });
const selectedLine = Decoration.line({ class: 'cm-selected-layer' });

interface Marked {
  readonly lines: DecorationSet;
  readonly numbers: RangeSet<GutterMarker>;
}

const field = StateField.define<Marked>({
  create: () => ({ lines: Decoration.none, numbers: RangeSet.empty }),
  update(value, transaction) {
    const found = transaction.effects.findLast((effect) => effect.is(mark));
    if (!found)
      return transaction.docChanged
        ? { lines: value.lines.map(transaction.changes), numbers: value.numbers.map(transaction.changes) }
        : value;
    const { selected, wrong } = found.value as Marks;
    const { doc } = transaction.state;
    const lines = new RangeSetBuilder<Decoration>();
    const numbers = new RangeSetBuilder<GutterMarker>();
    const bad = new Set(wrong);
    for (let number = 1; number <= doc.lines; number++) {
      const isSelected = selected && selected.first <= number && number <= selected.last;
      if (!isSelected && !bad.has(number)) continue;
      const { from } = doc.line(number);
      if (bad.has(number)) numbers.add(from, from, wrongNumber);
      lines.add(from, from, bad.has(number) ? wrongLine : selectedLine);
    }
    return { lines: lines.finish(), numbers: numbers.finish() };
  },
  provide: (marked) => [
    EditorView.decorations.from(marked, (value) => value.lines),
    gutterLineClass.from(marked, (value) => value.numbers),
  ],
});

export const marks: Extension = field;
