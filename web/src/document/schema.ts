/** The JSON Schema of documents, asked for once. */

import { request } from '../api/client.ts';
import type { Schema } from './settings.ts';

let asked: Promise<Schema> | null = null;

export function documentSchema(): Promise<Schema> {
  asked ??= request('v1/schema').then((answer) => answer.json() as Promise<Schema>);
  asked.catch(() => (asked = null)); // asked again the next time
  return asked;
}
