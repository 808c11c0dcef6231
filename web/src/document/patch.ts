/** JSON Patch (RFC 6902) on parsed documents. `edits.ts` does the same to a text. */

import { around, isEqual, isObject, isWithin, position, stepsOf, valueAt } from './pointer.ts';

export type Operation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string }
  | { readonly op: 'move' | 'copy'; readonly from: string; readonly path: string };
export type Patch = readonly Operation[];

/** An operation is invalid, or does not fit the document. */
export class PatchError extends Error {
  constructor(readonly operation: Operation) {
    super(`${operation.op} ${operation.path} does not fit the document`);
    this.name = 'PatchError';
  }
}

/** A fix of the server as a patch. Null if it has another form, which a server of another version may send. */
export function patchOf(fix: unknown): Patch | null {
  if (!Array.isArray(fix) || !fix.length) return null;
  const isKnown = fix.every(
    (step) =>
      isObject(step) &&
      typeof step['path'] === 'string' &&
      (step['op'] === 'remove' ||
        ((step['op'] === 'add' || step['op'] === 'replace') && 'value' in step) ||
        (step['op'] === 'move' && typeof step['from'] === 'string')),
  );
  return isKnown ? (fix as Operation[]) : null;
}

/** The document with the operations applied in order. The given one is left unchanged. */
export function applied(document: unknown, patch: Patch): unknown {
  return patch.reduce<unknown>((now, operation) => {
    const result = one(now, operation);
    if (result === undefined) throw new PatchError(operation);
    return result;
  }, document);
}

function one(document: unknown, operation: Operation): unknown {
  switch (operation.op) {
    case 'add':
      return added(document, operation.path, operation.value);
    case 'remove':
      return operation.path ? changed(document, operation.path, without) : undefined;
    case 'replace':
      if (!operation.path) return operation.value;
      return changed(document, operation.path, (holder, step) => replaced(holder, step, operation.value));
    case 'move': {
      const value = valueAt(document, operation.from);
      if (operation.path !== operation.from && isWithin(operation.path, operation.from)) return undefined;
      const rest = value === undefined ? undefined : changed(document, operation.from, without);
      return rest === undefined ? undefined : added(rest, operation.path, value);
    }
    case 'copy': {
      const value = valueAt(document, operation.from);
      return value === undefined ? undefined : added(document, operation.path, value);
    }
    case 'test':
      return isEqual(valueAt(document, operation.path), operation.value) ? document : undefined;
  }
}

function added(document: unknown, path: string, value: unknown): unknown {
  if (!path) return value;
  return changed(document, path, (holder, step) => {
    if (isObject(holder)) return { ...holder, [step]: value };
    if (!Array.isArray(holder)) return undefined;
    const index = step === '-' ? holder.length : position(step, holder.length);
    return index === null ? undefined : holder.toSpliced(index, 0, value);
  });
}

function replaced(holder: unknown, step: string, value: unknown): unknown {
  if (isObject(holder)) return Object.hasOwn(holder, step) ? { ...holder, [step]: value } : undefined;
  if (!Array.isArray(holder)) return undefined;
  return position(step, holder.length - 1) === null ? undefined : holder.with(Number(step), value);
}

function without(holder: unknown, step: string): unknown {
  if (isObject(holder)) {
    if (!Object.hasOwn(holder, step)) return undefined;
    return Object.fromEntries(Object.entries(holder).filter(([key]) => key !== step));
  }
  if (!Array.isArray(holder)) return undefined;
  return position(step, holder.length - 1) === null ? undefined : holder.toSpliced(Number(step), 1);
}

/** A copy of the containers on the way, with the innermost one changed; undefined if that is not possible. */
function changed(
  document: unknown,
  path: string,
  change: (holder: unknown, step: string) => unknown,
): unknown {
  const last = stepsOf(path).at(-1)!;
  const place = around(path);
  const inner = change(valueAt(document, place), last);
  if (inner === undefined || !place) return inner;
  return changed(document, place, (holder, step) => replaced(holder, step, inner));
}
