import { EditorSelection, EditorState, type TransactionSpec } from '@codemirror/state';
import { describe, expect, it } from 'vitest';
import { TOKENS, tokenOf } from './tokens.ts';
import { indented, lineBreak, outdented } from './typing.ts';

/** The text after a change; `|` is the cursor, `<` and `>` the selection. */
function after(text: string, change: (state: EditorState) => TransactionSpec): string {
  const [from, to] = [text.search(/[|<]/), text.includes('>') ? text.indexOf('>') - 1 : text.indexOf('|')];
  const state = EditorState.create({
    doc: text.replace(/[|<>]/g, ''),
    selection: EditorSelection.single(from, to),
  });
  const { doc, selection } = state.update(change(state)).state;
  const { from: start, to: end } = selection.main;
  const body = doc.toString();
  return start === end
    ? `${body.slice(0, start)}|${body.slice(start)}`
    : `${body.slice(0, start)}<${body.slice(start, end)}>${body.slice(end)}`;
}

describe('keys', () => {
  it.each([
    ['  "a": 1,|', '  "a": 1,\n  |'],
    ['  "a": {|', '  "a": {\n    |'],
    ['{|}', '{\n  |\n}'],
    ['  [ | ]', '  [ \n    |\n   ]'],
    ['a<bc>d', 'a\n|d'],
  ])('Enter in %j', (text, wanted) => expect(after(text, lineBreak)).toBe(wanted));

  it.each([
    ['a|b', 'a  |b'],
    ['<a\nb>', '  <a\n  b>'],
  ])('Tab in %j', (text, wanted) => expect(after(text, indented)).toBe(wanted));

  it.each([
    ['    a|', '  a|'],
    [' a|', 'a|'],
    ['\ta|', 'a|'],
    ['<  a\n\n  b>', '<a\n\nb>'],
  ])('Shift and Tab in %j', (text, wanted) => expect(after(text, outdented)).toBe(wanted));
});

describe('tokens', () => {
  const of = (text: string): string[] =>
    [...text.matchAll(TOKENS)].map((match) => `${tokenOf(match)} ${match[1] ?? match[0]}`);

  it('are those of JSON', () => {
    expect(of('{"a\\"b" : [-1.5e-3, true, null, "x:y"]}')).toEqual([
      'sign {',
      'key "a\\"b"',
      'sign [',
      'number -1.5e-3',
      'sign ,',
      'word true',
      'sign ,',
      'word null',
      'sign ,',
      'string "x:y"',
      'sign ]',
      'sign }',
    ]);
  });

  it('end where a string without an end does', () => {
    expect(of('"a": "b, 1')).toEqual(['key "a"', 'string "b, 1']);
  });
});
