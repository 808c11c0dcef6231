/** The patch that sets one value of a document, with the objects around it. */

import type { Patch } from './patch.ts';
import { around, isEqual, isObject, stepsOf, valueAt } from './pointer.ts';

/** Objects for which a document may have a name, and the key that the name stands for. */
const NAMED: Readonly<Record<string, string>> = {
  '/dataset': 'name',
  '/training/optimizer': 'type',
  '/export/updatable/optimizer': 'type',
};

/** What an optimizer is when a document does not say it: needed to give it a learning rate. */
const DEFAULTS: Readonly<Record<string, string>> = {
  '/training/optimizer': 'Adam',
  '/export/updatable/optimizer': 'SGD',
};

/** Set a value; undefined removes it. An empty patch if nothing changes. */
export function setting(document: unknown, pointer: string, value: unknown): Patch {
  const before = valueAt(document, pointer);
  if (value === undefined) return before === undefined ? [] : [{ op: 'remove', path: pointer }];
  if (before !== undefined) return isEqual(before, value) ? [] : [{ op: 'replace', path: pointer, value }];
  const holder = around(pointer);
  const step = stepsOf(pointer).at(-1)!;
  const holding = valueAt(document, holder);
  if (isObject(holding) || Array.isArray(holding)) return [{ op: 'add', path: pointer, value }];
  const key = NAMED[holder];
  const name = holding ?? DEFAULTS[holder];
  if (key !== undefined && typeof name === 'string') {
    if (step === key) return [{ op: holding === undefined ? 'add' : 'replace', path: holder, value }];
    return setting(document, holder, { [key]: name, [step]: value });
  }
  return setting(document, holder, { [step]: value });
}
