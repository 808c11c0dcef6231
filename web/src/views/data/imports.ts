/** How far the server is with reading a file, and what it finds wrong meanwhile. */

import { request, type Schemas } from '../../api/client.ts';
import { eventReader } from '../../api/event_stream.ts';

export type ImportEvent = Schemas['ImportProgress'] | Schemas['ImportProblem'] | Schemas['ImportEnd'];

/** Follow the reading of a file. Returns whether it is read: otherwise the stream broke. */
export async function followImport(
  sha256: string,
  onevent: (event: ImportEvent) => void,
  signal: AbortSignal,
): Promise<boolean> {
  const headers = { Accept: 'text/event-stream' };
  const { status, body } = await request(`v1/files/${sha256}/events`, { headers, cache: 'no-store', signal });
  if (status === 204 || !body) return true;
  const events = eventReader();
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return false;
    for (const text of events(value)) {
      const event = JSON.parse(text) as ImportEvent;
      onevent(event);
      if (event.type === 'imported') {
        void reader.cancel();
        return true;
      }
    }
  }
}

/** What the server has found wrong with a file that it has read, each with its place. */
export async function problemsIn(sha256: string, signal: AbortSignal): Promise<Schemas['Problem'][]> {
  const headers = { Accept: 'application/json' };
  const answer = await request(`v1/files/${sha256}/events`, { headers, cache: 'no-store', signal });
  if (answer.status === 204) return [];
  const { events } = (await answer.json()) as Schemas['ImportPage'];
  return events.flatMap(({ event }) => (event.type === 'problem' ? [event.problem] : []));
}
