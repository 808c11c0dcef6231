/** What the server says of files, in the language of the page: it speaks English. */

import type { Problem } from './profile.ts';
import { message } from '../../document/messages.ts';
import en from '../../text/own/en.ts';
import { format, language } from '../../text/index.svelte.ts';
import { own } from './words.svelte.ts';

type Phrase = keyof typeof en.server;

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
const PATTERNS = (Object.keys(en.server) as Phrase[]).map(
  (key) => [key, new RegExp(`^${escaped(en.server[key]).replaceAll('\\*', '(.+?)')}$`, 's')] as const,
);

/** A phrase of the server; as it is where the page does not know it. */
export function said(text: string): string {
  if (language() === 'en') return text;
  const reason = own().reasons[text];
  if (reason) return reason;
  for (const [key, pattern] of PATTERNS) {
    const found = pattern.exec(text);
    if (!found) continue;
    let at = 1;
    return own().server[key].replaceAll('*', () => said(found[at++] ?? ''));
  }
  if (/^\d{1,3}(,\d{3})+$/.test(text)) return format.integer(Number(text.replaceAll(',', '')));
  return text.replaceAll(/ \(([^()]+)\)/g, (_, part: string) => ` (${said(part)})`);
}

/** Hints that name the document, which nobody sees here, or that a student meets often. */
const HINTS: readonly (readonly [RegExp, keyof typeof en.advice])[] = [
  [/leave the cells? empty/, 'cells'],
  [/"columns": .*"(category|ignore)"|^write "ignore"/, 'type'],
  [/^name another|^name a column|"task": "classification"|out of "target"/, 'target'],
  [/^complete the row/, 'row'],
  [/^save the file as UTF-8/, 'utf8'],
  [/^rename one/, 'rename'],
  [/^put quotes around/, 'quotes'],
  [/^add it, or remove the first/, 'quote'],
  [/^write (all|them) alike/, 'alike'],
  [/^add some/, 'add'],
  [/(copy|download) it again/, 'again'],
  [/Most Compatible/, 'heic'],
];

/** A problem of a file, with what to do about it on this page. */
export function told(problem: Problem): string {
  const known = HINTS.find(([pattern]) => pattern.test(problem.hint));
  const advice = known ? own().advice[known[1]] : '';
  const { expected, found, hint, fix } = problem;
  const sentence = message({
    ...problem,
    expected: said(expected),
    found: said(placeless(found, problem)),
    hint: advice || hint,
  });
  return fix || language() === 'en' ? sentence : `${sentence} ${advice}`.trim();
}

/** Other languages say first where it is. */
function placeless(found: string, { values }: Problem): string {
  const at = language() === 'en' ? -1 : found.lastIndexOf(` (${String(values['file'])}`);
  return at < 0 ? found : found.slice(0, at);
}
