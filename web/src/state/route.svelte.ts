/** Which view is open: `#/VIEW/JOB?parameters`. Hash routes work behind every prefix. */

import { takeToken } from './session.svelte.ts';

export const VIEWS = ['build', 'data', 'watch', 'understand', 'try', 'take', 'runs'] as const;
export type View = (typeof VIEWS)[number];

/** Whether a view shows one run. */
export function needsRun(view: View): boolean {
  return view !== 'build' && view !== 'data' && view !== 'runs';
}

export interface Place {
  readonly view: View;
  /** Whether the address names no view. */
  readonly unknown: boolean;
  /** The job that is looked at; empty for none. */
  readonly job: string;
  readonly query: URLSearchParams;
}

/** The parameter that hides parts; it stays while somebody moves between views. */
const STICKY = ['hide'];

/** The place that a hash names; Build for every other one. */
export function placeOf(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split(/\?(.*)/s);
  const [view = '', job = ''] = path.split('/');
  const known = VIEWS.find((name) => name === view);
  return {
    view: known ?? 'build',
    unknown: !known && view !== '',
    job: known ? decode(job) : '',
    query: new URLSearchParams(query),
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

/** The hash of a place. */
export function hashOf(view: View, job = '', query: Record<string, string> = {}): string {
  const parameters = new URLSearchParams(query).toString();
  return `#/${view}${job ? `/${encodeURIComponent(job)}` : ''}${parameters ? `?${parameters}` : ''}`;
}

class Route {
  /** The hash that `place` is made of. */
  #hash = '';
  place = $state.raw<Place>(this.#read());

  constructor() {
    addEventListener('hashchange', () => (this.place = this.#read()));
  }

  #read(): Place {
    takeToken(); // before anything else can see the address
    this.#hash = location.hash;
    return placeOf(this.#hash);
  }

  /** The address of a place for an `<a>`; parts that are hidden here are hidden there. */
  href(view: View, job = '', query: Record<string, string> = {}): string {
    const kept = STICKY.flatMap((name) => {
      const value = this.place.query.get(name);
      return value === null ? [] : [[name, value]];
    });
    return hashOf(view, job, { ...(Object.fromEntries(kept) as Record<string, string>), ...query });
  }

  go(view: View, job = '', query: Record<string, string> = {}): void {
    location.hash = this.href(view, job, query);
  }

  /** Go to a place instead of this one: the way back does not lead here. Parameters stay. */
  replace(view: View, job: string): void {
    this.#write(hashOf(view, job, Object.fromEntries(this.place.query)));
  }

  /** Change parameters of this place without a new entry in the history. Null removes one. */
  amend(query: Record<string, string | null>): void {
    const parameters = new URLSearchParams(this.place.query);
    for (const [name, value] of Object.entries(query))
      if (value === null) parameters.delete(name);
      else parameters.set(name, value);
    const { view, job } = this.place;
    this.#write(hashOf(view, job, Object.fromEntries(parameters)));
  }

  #write(hash: string): void {
    // The address has changed, but its `hashchange` event is still to come: the old view must not overwrite it.
    if (location.hash !== this.#hash) return;
    history.replaceState(history.state, '', hash);
    this.place = this.#read();
  }

  /** Whether the link hides a part: `?hide=document,training`. */
  hides(part: string): boolean {
    return (this.place.query.get('hide') ?? '').split(',').includes(part);
  }
}

export const route = new Route();
