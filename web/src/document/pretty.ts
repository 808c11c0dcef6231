/** A document as a person would write it: a layer a line. */

import { written } from './style.ts';

const STYLE = { newline: '\n', unit: '  ', colon: ': ', comma: ', ' };

export function pretty(document: unknown): string {
  return `${written(document, STYLE, '', true)}\n`;
}
