/** A document as text: what it says, and where each of its values is. */

import { type Node, type ParseError, getNodeValue, parseTree } from 'jsonc-parser';
import { position, stepsOf } from './pointer.ts';

export interface Range {
  readonly from: number;
  readonly to: number;
}

export interface Source {
  readonly text: string;
  readonly root: Node | undefined;
  /** What the text says; comments and trailing commas are read over, since the server tells of them. */
  readonly value: unknown;
  readonly errors: readonly ParseError[];
}

/** Far more than the server reads. Readers call themselves for each level, which must not exhaust the stack. */
const MOST_LEVELS = 200;

/** Read a text; `value` is undefined if it has an error that leaves open what it says. */
export function read(text: string): Source {
  if (levels(text) > MOST_LEVELS) {
    const error = {
      error: 1, // InvalidSymbol
      offset: 0,
      length: text.length,
    };
    return { text, root: undefined, value: undefined, errors: [error] };
  }
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true });
  return { text, root, value: root && !errors.length ? plain(text, root) : undefined, errors };
}

/** How deeply lists and objects are nested, at most: brackets outside of strings are counted. */
function levels(text: string): number {
  let [depth, most, unclosed] = [0, 0, 0];
  for (let at = 0; at < text.length; at++) {
    const sign = text[at];
    if (sign === '[' || sign === '{') most = Math.max(most, ++depth);
    else if (sign === ']' || sign === '}') depth = Math.max(0, depth - 1);
    else if (sign === '"' && at >= unclosed) {
      const end = stringEnd(text, at);
      if (text[end] === '"') at = end;
      else unclosed = end;
    }
  }
  return most;
}

/** Where the string that begins at a quotation mark is closed; else the end of its line. */
function stringEnd(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"' && text[at] !== '\n') at += text[at] === '\\' ? 2 : 1;
  return at;
}

function plain(text: string, root: Node): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return getNodeValue(root);
  }
}

/** The value at a pointer in the text; undefined if there is none. */
export function nodeAt(root: Node | undefined, pointer: string): Node | undefined {
  return stepsOf(pointer).reduce<Node | undefined>((node, step) => partAt(node, step), root);
}

/** The value of a key, or an item. Of a repeated key, the last counts, as for a parser. */
function partAt(node: Node | undefined, step: string): Node | undefined {
  const index = node && indexOf(node, step);
  return index === undefined || index < 0 ? undefined : partsOf(node!)[index];
}

/** Values of an object, or items of a list, in order. */
export function partsOf(node: Node): Node[] {
  const children = node.children ?? [];
  return node.type === 'object' ? children.flatMap((property) => property.children?.[1] ?? []) : children;
}

/** Index of the part at a key or a position; -1 for none. */
export function indexOf(node: Node, step: string): number {
  const children = node.children ?? [];
  if (node.type === 'object')
    return children.findLastIndex((property) => (property.children?.[0]?.value as unknown) === step);
  return node.type === 'array' ? (position(step, children.length - 1) ?? -1) : -1;
}

/** Where the value at a pointer is; of the nearest one around it if there is none. */
export function rangeOf(source: Source, pointer: string): Range {
  let node = source.root;
  for (const step of stepsOf(pointer)) {
    const part = partAt(node, step);
    if (!part) break;
    node = part;
  }
  return node ? { from: node.offset, to: node.offset + node.length } : { from: 0, to: source.text.length };
}

/** The key that is repeated, or unknown, is what is wrong: where the key at a pointer is; else the value. */
export function keyRangeOf(source: Source, pointer: string): Range {
  const node = nodeAt(source.root, pointer);
  const key = node?.parent?.type === 'property' ? node.parent.children?.[0] : undefined;
  return key ? { from: key.offset, to: key.offset + key.length } : rangeOf(source, pointer);
}

/** Number of the line of a position, from 1. */
export function lineOf(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line;
}

/** The position of a line and a column, both from 1 and as Python counts them: in characters, not in UTF-16. */
export function offsetOf(text: string, line: number, column: number): number {
  let start = 0;
  for (let at = 1; at < line; at++) {
    const end = text.indexOf('\n', start);
    if (end < 0) return text.length;
    start = end + 1;
  }
  const before = [...text.slice(start, start + 2 * column)].slice(0, column - 1).join('');
  return Math.min(text.length, start + before.length);
}
