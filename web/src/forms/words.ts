/** What fields need beside their schema: words of the argument, and problems the server found. */

import { t } from '../text/index.svelte.ts';
import type { Field } from './fields.ts';

export interface Change {
  /** Undefined leaves the key out. */
  (value: unknown): void;
}

/** One sentence about an argument: the page's own if it has one, else the server's. */
export function explanation(field: Pick<Field, 'key' | 'description'>): string {
  const own = t().build.arguments[field.key];
  return field.description && !own ? field.description : (own ?? '');
}

/** A value as it stands in a document, short. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return t().build.form.nothing;
  if (Array.isArray(value) && value.length === 2 && value[0] === value[1] && typeof value[0] === 'number')
    return String(value[0]);
  return typeof value === 'string' ? value : JSON.stringify(value);
}
