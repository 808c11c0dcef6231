import { readdirSync } from 'node:fs';
import path from 'node:path';

const SOURCE = path.resolve(import.meta.dirname, '../src');

/**
 * Names of the scopes of styles: the place of a component among all, so that no two are equal. The page has a name
 * more than a thousand times, and Svelte's own ones compress badly.
 * @param {{ filename: string, hash: (input: string) => string }} component @returns {string}
 */
export function scopeOf({ filename, hash }) {
  const place = components().indexOf(path.relative(SOURCE, filename).replaceAll(path.sep, '/'));
  return place < 0 ? `s-new-${hash(filename)}` : `s-${place.toString(36)}`;
}

/** @type {string[] | undefined} */
let found;

function components() {
  found ??= readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.svelte'))
    .map((name) => name.replaceAll(path.sep, '/'))
    .sort();
  return found;
}
