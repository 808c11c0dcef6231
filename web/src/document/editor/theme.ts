/** The editor in the colours of the page. They are custom properties, so both schemes come by themselves. */

import { EditorView } from '@codemirror/view';

export const theme = EditorView.theme({
  '&': { color: 'var(--ink)', backgroundColor: 'transparent', fontSize: '13px' },
  '&.cm-focused': { outline: '2px solid var(--accent)', outlineOffset: '2px', borderRadius: '6px' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.6', letterSpacing: '0' },
  '.cm-content': { caretColor: 'var(--ink)', padding: '4px 0' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '.cm-gutters': { backgroundColor: 'transparent', color: 'var(--faint)', border: '0' },
  '.cm-lineNumbers .cm-gutterElement': { minWidth: '34px', padding: '0 12px 0 6px' },
  '.cm-line': { padding: '0 8px 0 2px' },
  '.cm-selected-layer': { backgroundColor: 'var(--accent-wash)' },
  '.cm-wrong': { backgroundColor: 'var(--warn-wash)' },
  '.cm-wrong-number': { color: 'var(--warn)', fontWeight: '600' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground, ::selection':
    { backgroundColor: 'color-mix(in srgb, var(--accent) 24%, transparent)' },
  '.cm-json-string': { color: 'var(--good)' },
  '.cm-json-number': { color: 'var(--orange-ink)' },
  '.cm-json-word': { color: 'var(--blue-ink)' },
  '.cm-json-sign': { color: 'var(--soft)' },
  '.cm-problem-error': {
    textDecoration: 'underline wavy var(--warn) 1px',
    textUnderlineOffset: '3px',
  },
  '.cm-problem-warning': {
    textDecoration: 'underline dotted var(--edge) 1px',
    textUnderlineOffset: '3px',
  },
  '.cm-problem-point': {
    position: 'absolute',
    width: '8px',
    marginLeft: '-4px',
    height: '1.4em',
    borderBottom: '3px solid var(--warn)',
  },
  '.cm-tooltip': {
    maxWidth: 'min(460px, 90vw)',
    border: '1px solid var(--line)',
    borderRadius: '10px',
    backgroundColor: 'var(--raised)',
    boxShadow: 'var(--shadow)',
    overflow: 'hidden',
  },
  '.cm-problems': { margin: '0', padding: '0', listStyle: 'none' },
  '.cm-about': {
    padding: '10px 14px',
    borderLeft: '3px solid var(--warn)',
    fontFamily: 'var(--sans)',
    fontSize: '13px',
    color: 'var(--ink)',
    whiteSpace: 'normal',
  },
  '.cm-fix': {
    display: 'block',
    marginTop: '8px',
    padding: '6px 12px',
    minHeight: 'var(--touch)',
    border: '0',
    borderRadius: 'var(--radius)',
    backgroundColor: 'var(--accent)',
    color: 'var(--accent-ink)',
    font: '500 13px var(--sans)',
    cursor: 'pointer',
  },
});
