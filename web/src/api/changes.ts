/** All changes of the owner's jobs: pages of those that were, and the stream of those that come. */

import { api, data, request, ServerProblem, type Schemas } from './client.ts';
import { eventReader } from './event_stream.ts';
import { either } from './signals.ts';

export type Change = Schemas['ChangeMessage'];

/** A page of the changes after a position; without one, no changes and the newest position. */
export function changesAfter(position: number | null, signal: AbortSignal): Promise<Schemas['ChangePage']> {
  const query = position === null ? {} : { after: position };
  const headers = { Accept: 'application/json' };
  return data(api.GET('/v1/events', { params: { query }, headers, signal })) as Promise<
    Schemas['ChangePage']
  >;
}

/** A page of the events of a job after a number; null if it is finished and has no more. */
export async function eventsAfter(job: string, after: number): Promise<Schemas['EventPage'] | null> {
  const params = { path: { job_id: job }, query: { after } };
  const found = await data(
    api.GET('/v1/jobs/{job_id}/events', { params, headers: { Accept: 'application/json' } }),
  );
  return typeof found === 'object' ? found : null;
}

/** Events of a job of these types: of each at most `most`, evenly spaced, with the first and the last one. */
export function outlineOf(job: string, types: string[], most: number): Promise<Schemas['EventPage']> {
  const params = { path: { job_id: job }, query: { types, most } };
  const headers = { Accept: 'application/json' };
  return data(api.GET('/v1/jobs/{job_id}/events', { params, headers })) as Promise<Schemas['EventPage']>;
}

export interface StreamOptions {
  after: number;
  signal: AbortSignal;
  /** Data have come: changes, or an empty list when the answer begins and for a heartbeat. */
  onnews: (changes: Change[]) => void;
  /** After this long without data, the connection counts as lost. */
  silenceMs?: number;
}

const SILENCE_MS = 60_000; // four heartbeats

/** Read the stream until it ends, which it does only with its connection. */
export async function streamChanges({
  after,
  signal,
  onnews,
  silenceMs = SILENCE_MS,
}: StreamOptions): Promise<void> {
  const silence = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const alive = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(new ServerProblem(0, 'offline', 'silence')), silenceMs);
  };
  alive();
  try {
    const response = await request(`v1/events?after=${after}`, {
      headers: { Accept: 'text/event-stream' },
      cache: 'no-store',
      signal: either(signal, silence.signal),
    });
    const events = eventReader();
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    onnews([]);
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      alive();
      onnews(events(value).map((event) => JSON.parse(event) as Change));
    }
  } finally {
    clearTimeout(timer);
  }
}
