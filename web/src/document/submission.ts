/**
 * The idempotency key of a submission. A document that is sent again after its answer was lost, even if the page was
 * reloaded meanwhile, has the same key, and the server returns the first job. After an answer, a training of the same
 * document is another job.
 */

import { ServerProblem } from '../api/problem.ts';
import { digest } from '../state/digest.ts';
import * as storage from '../state/storage.ts';
import { randomKey } from './key.ts';

const KEPT = 'quickml.submission';
/** After this time, the same document is taken for a new training, not for a repeated request. */
const VALID_MS = 5 * 60_000;

/** What is kept: of which text, with which key, and when it was sent. */
interface Sent {
  readonly text: string;
  readonly key: string;
  readonly at: number;
}

/** Submit a text by `send`, which is given the key. */
export async function submitted<T>(text: string, send: (key: string) => Promise<T>): Promise<T> {
  const key = unanswered(text) ?? begun(text);
  try {
    const answer = await send(key);
    forget();
    return answer;
  } catch (error) {
    if (error instanceof ServerProblem && isRefusal(error.status)) forget();
    throw error;
  }
}

/** Without an answer, or with one of a proxy or a server in trouble, there may be a job. */
const isRefusal = (status: number): boolean => status >= 400 && status < 500;

/** In this tab; storage may be forbidden. */
let last: Sent | null = null;

function unanswered(text: string): string | null {
  const sent = last ?? stored();
  const age = Date.now() - (sent?.at ?? 0);
  return sent?.text === digest(text) && age >= 0 && age < VALID_MS ? sent.key : null;
}

function stored(): Sent | null {
  try {
    return JSON.parse(storage.kept('sessionStorage', KEPT) ?? 'null') as Sent | null;
  } catch {
    return null;
  }
}

function begun(text: string): string {
  last = { text: digest(text), key: randomKey(), at: Date.now() };
  storage.keep('sessionStorage', KEPT, JSON.stringify(last));
  return last.key;
}

function forget(): void {
  last = null;
  storage.keep('sessionStorage', KEPT, 'null');
}
