/** How a JSON text is written, and new values in the same way. As `quickml validate --fix` does it. */

import { isHolder } from './pointer.ts';

/** Characters of an object or a list that is written on one line, where nothing shows how the others are. */
export const LINE = 100;

export interface Style {
  readonly newline: string;
  /** Indentation of one level; empty for a text on one line. */
  readonly unit: string;
  readonly colon: string;
  /** Between items on one line. */
  readonly comma: string;
}

/** The style of a text, as far as its first signs show it. */
export function styleOf(text: string): Style {
  const [, newline = '\n', unit = ''] = /(\r?\n)([ \t]+)/.exec(text) ?? [];
  const colon = /"\s*:([ \t]*)/.exec(text);
  const comma = /,([ \t]*)[^ \t\r\n]/.exec(text);
  return {
    newline,
    unit,
    colon: colon ? `:${colon[1]}` : ': ',
    comma: comma ? `,${comma[1]}` : colon && !colon[1] ? ',' : ', ',
  };
}

/** A value on one line. */
export function inline(value: unknown, style: Style): string {
  if (!isHolder(value)) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => inline(item, style)).join(style.comma)}]`;
  const parts = Object.entries(value).map(
    ([key, item]) => `${JSON.stringify(key)}${style.colon}${inline(item, style)}`,
  );
  return `{${parts.join(style.comma)}}`;
}

/** A value that begins on a line with this indentation, its parts on lines of their own if asked. */
export function written(value: unknown, style: Style, indentation: string, inLines: boolean): string {
  const short = inline(value, style);
  const isList = Array.isArray(value);
  if (!isHolder(value) || !inLines || !Object.keys(value).length) return short;
  const inner = indentation + style.unit;
  const lines = Object.entries(value).map(([key, item]) => {
    const text = written(item, style, inner, inline(item, style).length > LINE);
    return isList ? text : `${JSON.stringify(key)}${style.colon}${text}`;
  });
  const [left, right] = isList ? '[]' : '{}';
  const joined = lines.join(`,${style.newline}${inner}`);
  return `${left}${style.newline}${inner}${joined}${style.newline}${indentation}${right}`;
}
