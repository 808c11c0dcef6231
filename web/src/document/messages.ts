/** Problems and their fixes in the language of the page. */

import type { Schemas } from '../api/client.ts';
import { format, t } from '../text/index.svelte.ts';
import type { Messages, Said } from '../text/problems/codes.ts';
import { type Operation, patchOf } from './patch.ts';
import { inline } from './style.ts';
import { around, isHolder, isObject, stepsOf } from './pointer.ts';

type Problem = Schemas['Problem'];

const LONGEST_VALUE = 40;
const STYLE = { newline: '\n', unit: '', colon: ': ', comma: ', ' };

/** A problem in the language of the page; in the server's words if the page does not know its code. */
export function message(problem: Problem): string {
  if (problem.code === 'too-few-items' && problem.pointer === '/model/layers') return t().build.canvas.empty;
  if (problem.code === 'invalid-name' && problem.pointer === '/name') return t().problems.documentName;
  if (problem.values['type'] === '' && isEmptyName(problem.code)) return withoutName(problem.code, problem);
  const messages = t().problems.messages;
  const said: Said | undefined = messages?.[problem.code as keyof Messages];
  return (said === undefined ? null : filled(said, problem)) ?? english(problem);
}

type EmptyName = keyof ReturnType<typeof t>['problems']['empty'];
const isEmptyName = (code: string | null): code is EmptyName =>
  code !== null && Object.hasOwn(t().problems.empty, code);

/** It is missing, rather than unknown. */
function withoutName(code: EmptyName, { values }: Problem): string {
  const known = values['known'];
  const names = Array.isArray(known) ? shown(known, ', ') : null;
  return [t().problems.empty[code], names && t().problems.possible(names)].filter(Boolean).join(' ');
}

function english({ subject, expected, found, hint, fix }: Problem): string {
  const sentence = `${subject ? `${subject} expects` : 'Expected'} ${expected}, found ${found}.`;
  // A line that is near is beside the message, and a fix has a button.
  const advice = hint.replace(/(; )?near: .*$/s, '');
  const capital = advice.charAt(0).toUpperCase() + advice.slice(1);
  return advice && !fix ? `${sentence} ${capital}${/[.?!]$/.test(capital) ? '' : '.'}` : sentence;
}

/** A sentence with its values. Null if the problem lacks one of them that is not in an optional part. */
export function filled(said: Said, problem: Problem): string | null {
  const isOptional = typeof said !== 'string';
  const parts = (isOptional ? said : [said]).map((part) => {
    let isWhole = true;
    const text = part.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
      const value = valueOf(problem, name);
      isWhole &&= value !== null;
      return value ?? '';
    });
    return isWhole ? text : null;
  });
  return isOptional || parts[0] !== null ? parts.join('') : null;
}

function valueOf(problem: Problem, name: string): string | null {
  const value = problem.values[name];
  if (value === undefined || value === null) {
    if (name === 'layer') return problem.subject || null;
    return name === 'expected' || name === 'found' ? problem[name] : null;
  }
  if (name === 'value') return JSON.stringify(value);
  if (name === 'expected_type') return typeWord(String(value));
  if (name.endsWith('_bytes')) return format.bytes(Number(value));
  if (SHAPES.test(name) && Array.isArray(value)) return shapes(value);
  return shown(value, name === 'cycle' ? ' → ' : ', ');
}

/** Names of values that are shapes, or lists of shapes. */
const SHAPES = /_shapes?$|^found_strides$|^dilation_rate$/;

function shapes(value: readonly unknown[]): string {
  const isOne = value.every((item) => typeof item === 'number');
  return isOne ? format.shape(value) : value.map((item) => format.shape(item as number[])).join(', ');
}

function shown(value: unknown, between: string): string | null {
  if (typeof value === 'number') return format.number(value, 12);
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return JSON.stringify(value);
  return value.length ? value.map((item) => shown(item, between)).join(between) : null;
}

function typeWord(type: string): string {
  const words = t().document.types;
  return Object.hasOwn(words, type) ? words[type as keyof typeof words] : type;
}

/** What the fix of a problem does, for its button. Null if it has none. */
export function fixLabel(problem: Problem): string | null {
  const patch = patchOf(problem.fix);
  if (!patch) return null;
  const words = t().problems.fix;
  const layers = patch.filter((step) => step.op === 'add' && isLayer(step.path) && typeOf(step.value));
  if (layers.length) {
    const names = layers.map((step) => ('value' in step && typeOf(step.value)) || '').join(' + ');
    return layers[0]!.path.endsWith('/-') ? words.end(names) : words.before(names);
  }
  const main =
    patch.find((step) => step.op === 'move') ?? patch.find((step) => step.op !== 'remove') ?? patch[0]!;
  return single(main);
}

const isLayer = (path: string): boolean => around(path) === '/model/layers';

function typeOf(value: unknown): string {
  return isObject(value) && typeof value['type'] === 'string' ? value['type'] : '';
}

function single(step: Operation): string {
  const words = t().problems.fix;
  const key = stepsOf(step.path).at(-1) ?? '';
  const isItem = /^(\d+|-)$/.test(key);
  switch (step.op) {
    case 'remove':
      return isLayer(step.path) ? words.removeLayer : isItem ? words.removeItem : words.remove(key);
    case 'move':
    case 'copy': {
      if (isLayer(step.path)) return words.moveLayer(Number(key) + 1);
      const before = stepsOf(step.from).at(-1) ?? '';
      const isHere = around(step.from) === around(step.path);
      return isHere ? words.rename(before, key) : words.move(before, stepsOf(around(step.path)).at(-1) ?? '');
    }
    default: {
      const value = inline(step.value, STYLE);
      if (value.length > LONGEST_VALUE && isHolder(step.value)) return words.rewrite;
      if (isItem) return words.item(value);
      return step.op === 'add' ? words.add(key, value) : words.set(key, value);
    }
  }
}
