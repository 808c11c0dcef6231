/** Links to what is seen, for others. */

import { hashOf, type Place } from '../state/route.svelte.ts';

/** Parts that a link can hide, by the view that they are in; `views` are whole views. */
export const PARTS = {
  build: ['dataset', 'examples', 'palette', 'training', 'document'],
  views: ['watch', 'understand', 'try', 'take', 'runs'],
} as const;
export type Part = (typeof PARTS)[keyof typeof PARTS][number];

export interface Shared {
  /** The folder of the page, with a slash at its end. */
  readonly base: string;
  readonly place: Place;
  /** The document of Build, packed; empty for none. */
  readonly document: string;
  readonly hidden: readonly string[];
  /** Empty if it is not given along. */
  readonly token: string;
}

/** The address of what is seen, with what it needs. */
export function addressOf({ base, place, document, hidden, token }: Shared): string {
  const query = Object.fromEntries(place.query);
  delete query['token'];
  delete query['hide'];
  if (hidden.length) query['hide'] = hidden.join(',');
  if (document) query['d'] = document;
  if (token) query['token'] = token;
  return base + hashOf(place.view, place.job, query).replaceAll('%2C', ',');
}

/** Whether an address names the computer itself, so that no other device can open it. */
export function isLoopback(address: string): boolean {
  const { hostname } = new URL(address);
  return /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\]|0\.0\.0\.0)$/.test(hostname);
}

/** The dark modules of a QR code as a path of rectangles, each as wide as it can be. */
export function modulesPath(rows: readonly (readonly boolean[])[]): string {
  const path: string[] = [];
  for (const [y, row] of rows.entries())
    for (let x = 0; x < row.length; x++) {
      if (!row[x]) continue;
      const start = x;
      while (row[x + 1]) x++;
      path.push(`M${start} ${y}h${x - start + 1}v1H${start}z`);
    }
  return path.join('');
}
