import { EditorState } from '@codemirror/state';
import { expect, it } from 'vitest';
import { nextProblem, problems, problemsAt, setProblems, type TextProblem } from './problems.ts';

const problem = (from: number, to: number): TextProblem => {
  return { from, to, severity: 'error', message: `${from}-${to}`, fix: null };
};

function state(text: string, ...found: TextProblem[]): EditorState {
  const empty = EditorState.create({ doc: text, extensions: problems });
  return empty.update({ effects: setProblems.of(found) }).state;
}

const said = (of: EditorState, position: number, side: number): string[] =>
  problemsAt(of, position, side).map(({ problem: { message } }) => message);

it('finds what is wrong at a position, on one side of it', () => {
  const text = state('{"a": 1, "b": 2}', problem(1, 7), problem(6, 7), problem(9, 12));
  expect(said(text, 6, -1)).toEqual(['1-7']);
  expect(said(text, 6, 1)).toEqual(['1-7', '6-7']);
  expect(said(text, 7, 1)).toEqual([]);
  expect(said(text, 10, 1)).toEqual(['9-12']);
});

it('keeps problems beyond the end, at line ends, and in an empty text', () => {
  expect(said(state('{\n', problem(1, 2), problem(40, 50)), 2, -1)).toEqual(['40-50']);
  expect(said(state('{\n', problem(1, 2)), 1, 1)).toEqual(['1-2']);
  expect(said(state('', problem(0, 1)), 0, 1)).toEqual(['0-1']);
});

it('goes from problem to problem, and from the last one to the first', () => {
  let text = state('[1, 2, 3]', problem(7, 8), problem(1, 2));
  const places = [];
  for (let i = 0; i < 3; i++) {
    const { from, to } = nextProblem(text)!;
    places.push(from);
    text = text.update({ selection: { anchor: from, head: to } }).state;
  }
  expect(places).toEqual([1, 7, 1]);
  expect(nextProblem(state('[]'))).toBeNull();
});

it('moves with the text, and forgets what is set again', () => {
  const text = state('[1, 2]', problem(4, 5));
  const moved = text.update({ changes: { from: 0, insert: '  ' } }).state;
  expect(said(moved, 6, 1)).toEqual(['4-5']);
  expect(said(moved.update({ effects: setProblems.of([]) }).state, 6, 1)).toEqual([]);
});
