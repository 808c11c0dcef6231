/** What somebody has changed of a profile: options of the document that is being made. Pure. */

import { applied, type Patch } from '../../document/patch.ts';
import { isObject } from '../../document/pointer.ts';
import { keep, kept } from '../../state/storage.ts';

export type ColumnType = 'number' | 'category' | 'ignore';

export interface Asked {
  /** Column to predict, or several; null for the likeliest. */
  readonly target: string | readonly string[] | null;
  /** Others, as the `dataset` of a document has them. */
  readonly options: Readonly<Record<string, unknown>>;
}

export const NOTHING: Asked = { target: null, options: {} };

/** Types that were chosen, by the names of columns. */
export function typesOf({ options }: Asked): Readonly<Record<string, unknown>> {
  return isObject(options['columns']) ? options['columns'] : {};
}

/** With another type of a column. That of the target is what is predicted: a number, or a class. */
export function withType(asked: Asked, name: string, type: ColumnType, isTarget: boolean): Asked {
  if (isTarget) {
    const task = type === 'number' ? 'regression' : 'classification';
    return { ...asked, options: { ...asked.options, task } };
  }
  return { ...asked, options: { ...asked.options, columns: { ...typesOf(asked), [name]: type } } };
}

const without = (
  all: Readonly<Record<string, unknown>>,
  keys: ReadonlySet<string>,
): Record<string, unknown> => Object.fromEntries(Object.entries(all).filter(([key]) => !keys.has(key)));

/** With another column to predict, or several; what was said of the one before is forgotten. */
export function withTarget(asked: Asked, target: string | readonly string[]): Asked {
  const gone = new Set(['task', 'labels', 'ahead']);
  const columns = without(typesOf(asked), new Set([target].flat()));
  return { target, options: { ...without(asked.options, gone), columns } };
}

/** With another value of an option of the dataset; without it if that is null. */
export function withOption(asked: Asked, name: string, value: unknown): Asked {
  const options = without(asked.options, new Set([name]));
  return { ...asked, options: value === null ? options : { ...options, [name]: value } };
}

const KEPT = 'quickml.data.';

/** What was asked of a file before the page was loaded again; nothing of it leaves this tab. */
export function keptAsked(sha256: string): Asked {
  const found: unknown = JSON.parse(kept('sessionStorage', KEPT + sha256) || 'null');
  return isObject(found) && isObject(found['options']) ? (found as unknown as Asked) : NOTHING;
}

export function keepAsked(sha256: string, asked: Asked): void {
  keep('sessionStorage', KEPT + sha256, asked === NOTHING ? '' : JSON.stringify(asked));
}

/** With the fix of a problem, a JSON Patch of the document. May throw a `PatchError`. */
export function withFix(asked: Asked, patch: Patch): Asked {
  const before = { dataset: { columns: {}, ...asked.options, target: asked.target } };
  const { dataset } = applied(before, patch) as { dataset: Pick<Asked, 'target'> };
  const { target, ...options } = dataset;
  return { target, options };
}

/** As the query of a profile. */
export function queryOf({ target, options }: Asked): string {
  const query = new URLSearchParams();
  if (target !== null) query.set('target', typeof target === 'string' ? target : JSON.stringify(target));
  for (const [key, value] of Object.entries(options))
    if (!isObject(value) || Object.keys(value).length)
      query.set(key, typeof value === 'string' ? value : JSON.stringify(value));
  return query.toString();
}
