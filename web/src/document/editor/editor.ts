/** The text editor: CodeMirror in a shadow root, where its styles are adopted sheets, as the policy wants. */

import { Annotation, EditorState } from '@codemirror/state';
import { drawSelection, EditorView, keymap, lineNumbers } from '@codemirror/view';
import { type Marks, mark, marks } from './marks.ts';
import { problemKeys, problems, setProblems, type TextProblem } from './problems.ts';
import { isTooLarge } from '../size.ts';
import { theme } from './theme.ts';
import { tokens } from './tokens.ts';
import { typing } from './typing.ts';

export interface Handlers {
  /** Somebody changed the text here. */
  changed: (text: string) => void;
  /** Somebody moved the cursor here. */
  moved: (offset: number) => void;
  /** A change would have made the text too large. It was not made. */
  refused: () => void;
  undo: () => void;
  redo: () => void;
}

export interface Labels {
  readonly name: string;
  readonly help: string;
}

const fromOutside = Annotation.define<true>();

export class Editor {
  readonly view: EditorView;
  readonly #help = document.createElement('p');

  constructor(host: HTMLElement, text: string, handlers: Handlers) {
    const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' });
    this.#help.id = 'help';
    this.#help.hidden = true;
    root.replaceChildren(this.#help);
    const run = (action: () => void) => (): boolean => (action(), true);
    this.view = new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        doc: text,
        extensions: [
          lineNumbers(),
          drawSelection(),
          tokens,
          marks,
          problems,
          theme,
          keymap.of([
            { key: 'Mod-z', run: run(handlers.undo), preventDefault: true },
            { key: 'Mod-Shift-z', run: run(handlers.redo), preventDefault: true },
            { key: 'Mod-y', run: run(handlers.redo), preventDefault: true },
            ...typing,
            ...problemKeys,
          ]),
          EditorState.transactionFilter.of((change) => {
            if (!change.docChanged || !isTooLarge(change.newDoc.length, () => change.newDoc.toString()))
              return change;
            handlers.refused();
            return [];
          }),
          EditorView.contentAttributes.of({ tabindex: '0' }), // so that tools see that it can have the focus
          EditorView.domEventHandlers({
            beforeinput: (event) => {
              if (event.inputType !== 'historyUndo' && event.inputType !== 'historyRedo') return false;
              event.preventDefault();
              handlers[event.inputType === 'historyUndo' ? 'undo' : 'redo']();
              return true;
            },
          }),
          EditorView.updateListener.of((update) => {
            if (update.transactions.some((transaction) => transaction.annotation(fromOutside))) return;
            if (update.docChanged) handlers.changed(update.state.doc.toString());
            if (update.selectionSet) handlers.moved(update.state.selection.main.head);
          }),
        ],
      }),
    });
  }

  label({ name, help }: Labels): void {
    this.#help.textContent = help;
    this.view.contentDOM.setAttribute('aria-label', name);
    this.view.contentDOM.setAttribute('aria-describedby', 'help');
  }

  /** Show another text. Only what differs is changed, so that the cursor and the view stay where they are. */
  show(text: string): void {
    const before = this.view.state.doc.toString();
    if (before === text) return;
    let start = 0;
    const most = Math.min(before.length, text.length);
    while (start < most && before.charCodeAt(start) === text.charCodeAt(start)) start++;
    let end = 0;
    while (end < most - start && before.at(-1 - end) === text.at(-1 - end)) end++;
    this.view.dispatch({
      changes: { from: start, to: before.length - end, insert: text.slice(start, text.length - end) },
      annotations: fromOutside.of(true),
    });
  }

  explain(found: readonly TextProblem[]): void {
    this.view.dispatch({ effects: setProblems.of(found) });
  }

  mark(lines: Marks): void {
    this.view.dispatch({ effects: mark.of(lines) });
  }

  /** Bring a place into view, unless the cursor is there anyway. */
  reveal(offset: number): void {
    if (this.view.hasFocus) return;
    // Only the editor's own text moves: the page stays where somebody chose a block.
    const { scrollDOM } = this.view;
    const { top, bottom } = this.view.lineBlockAt(offset);
    const { scrollTop, clientHeight } = scrollDOM;
    if (top < scrollTop) scrollDOM.scrollTop = top;
    else if (bottom > scrollTop + clientHeight) scrollDOM.scrollTop = bottom - clientHeight;
  }

  goTo(offset: number): void {
    this.view.dispatch({
      selection: { anchor: offset },
      effects: EditorView.scrollIntoView(offset, { y: 'center' }),
      annotations: fromOutside.of(true),
    });
    this.view.focus();
  }

  close(): void {
    this.view.destroy();
  }
}
