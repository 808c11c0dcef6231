/** What the server finds in files: their profiles, by kind. */

import { isEarly, request, type Schemas } from '../../api/client.ts';
import { type Asked, queryOf } from './asked.ts';
import type { UserFile } from './upload.ts';

type Column = Schemas['TableColumn'];
type Problem = Schemas['Problem'];
export type { Column, Problem };

export type TableProfile = Schemas['TableProfile'];
export type PicturesProfile = Schemas['PicturesProfile'];
export type RecordingsProfile = Schemas['RecordingsProfile'];
export type ArraysProfile = Schemas['ArraysProfile'];
export type Profile = TableProfile | PicturesProfile | RecordingsProfile | ArraysProfile;

/** The classes of a profile with what is counted of each: rows, pictures, windows or samples. */
export function classesOf(profile: Profile): { label: string; count: number }[] {
  return profile.classes.map(({ label, ...counts }) => ({ label, count: Object.values<number>(counts)[0]! }));
}

/** What is predicted: columns of a table or of recordings. */
export function targetsOf(profile: Profile, { target }: Asked): readonly string[] {
  const named = (profile.document?.['dataset'] as Record<string, unknown> | undefined)?.['target'];
  const found = target ?? named ?? ('target' in profile ? profile.target : null) ?? [];
  return Array.isArray(found) ? found.map(String) : [String(found)];
}

async function read<T>(path: string, signal: AbortSignal): Promise<T> {
  return (await (await request(path, { signal })).json()) as T;
}

/** Null as long as the server is still reading the file. */
export async function profileOf(sha256: string, asked: Asked, signal: AbortSignal): Promise<Profile | null> {
  const answer = await request(`v1/files/${sha256}/profile?${queryOf(asked)}`, { signal });
  return isEarly(answer) ? null : ((await answer.json()) as Profile);
}

/** What can be said of a file that is still on its way; null if that is nothing yet. */
export async function profileOfUpload(id: string, signal: AbortSignal): Promise<TableProfile | null> {
  const answer = await request(`v1/uploads/${encodeURIComponent(id)}/profile`, { signal });
  return isEarly(answer) ? null : ((await answer.json()) as TableProfile);
}

export function rowsOf(sha256: string, limit: number, signal: AbortSignal): Promise<Schemas['TableRows']> {
  return read(`v1/files/${sha256}/rows?limit=${limit}`, signal);
}

/** All files of the owner, the newest first. */
export async function filesOf(signal: AbortSignal): Promise<UserFile[]> {
  const found: UserFile[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const path: string = `v1/files?limit=200${cursor && `&cursor=${encodeURIComponent(cursor)}`}`;
    const page = await read<Schemas['UserFilePage']>(path, signal);
    found.push(...page.files);
    cursor = page.next;
  }
  return found;
}

/** What a document would need to train; its problems, if it cannot. */
export async function checked(
  document: Record<string, unknown>,
  signal: AbortSignal,
): Promise<Schemas['ValidationMessage']> {
  const headers = { 'Content-Type': 'application/json' };
  const body = JSON.stringify(document);
  return (await (await request('v1/validate', { method: 'POST', headers, body, signal })).json()) as never;
}

/** The document that learns from exactly this file. */
export function pinned(document: Record<string, unknown>, sha256: string): Record<string, unknown> {
  const { name, file, ...options } = document['dataset'] as Record<string, unknown>;
  return { ...document, dataset: { name, file, sha256, ...options } };
}

/** The problems of a column: those that name it. */
export function problemsOf(problems: readonly Problem[], column: string): Problem[] {
  return problems.filter(({ values }) => values['column'] === column);
}
