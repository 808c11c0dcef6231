import type { Client } from 'openapi-fetch';
import { clock } from '../state/clock.svelte.ts';
import { session } from '../state/session.svelte.ts';
import { t } from '../text/index.svelte.ts';
import { ServerProblem } from './problem.ts';
import type { components, paths } from './schema';

export type Schemas = components['schemas'];

export { ServerProblem };

/** The folder of the page: the server may be behind a prefix. Ends with a slash. */
export const base = new URL('.', location.href.split('#')[0]).href;

interface Given {
  params?: { path?: Record<string, unknown>; query?: Record<string, unknown> };
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

type Answer<T> = Promise<{ data?: T; response: Response }>;

function asking(method: string) {
  return async (path: string, { params = {}, body, headers, signal }: Given = {}): Answer<unknown> => {
    const query = new URLSearchParams();
    for (const [key, value] of Object.entries(params.query ?? {}))
      for (const one of Array.isArray(value) ? value : [value])
        if (one !== undefined && one !== null) query.append(key, String(one));
    const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
      encodeURIComponent(String(params.path?.[name])),
    );
    const response = await request(query.size ? `${filled}?${query.toString()}` : filled, {
      method,
      headers: { ...(body !== undefined && { 'Content-Type': 'application/json' }), ...headers },
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ?? null,
    });
    const text = await response.text();
    return { data: text ? (JSON.parse(text) as unknown) : undefined, response };
  };
}

/**
 * A typed client of every route: `await api.GET('/v1/jobs/{job_id}', {params: {path: {job_id}}})`. The types are those
 * of openapi-fetch, of which nothing else is in the page. Throws a `ServerProblem`.
 */
export const api = {
  GET: asking('GET'),
  POST: asking('POST'),
  DELETE: asking('DELETE'),
} as unknown as Pick<Client<paths>, 'GET' | 'POST' | 'DELETE'>;

/** The data of an answer. */
export async function data<T>(call: Answer<T>): Promise<T> {
  return (await call).data as T;
}

/** A request for bytes, or with a body of bytes: `path` is relative to the page (`v1/jobs/...`). */
export async function request(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  session.authorize(headers);
  let response;
  try {
    response = await fetch(base + path.replace(/^\//, ''), { ...init, headers });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw unreachable();
  }
  clock.learn(response.headers.get('Date'));
  if (response.status === 401) session.refuse(headers);
  if (response.ok || response.status === 304) return response;
  throw problemOf(response, await response.json().catch(() => null));
}

/** Whether what was asked for is not there yet, which is no error: 202 while a file is read, 204 before there is anything. */
export const isEarly = ({ status }: Response): boolean => status === 202 || status === 204;

/** There was no answer. What browsers say of it helps nobody, and is in English: `TypeError: Failed to fetch`. */
function unreachable(): ServerProblem {
  return new ServerProblem(0, 'offline', t().app.unreachable);
}

function problemOf({ status, headers }: Response, body: unknown): ServerProblem {
  const found = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  const text = (key: string): string => (typeof found[key] === 'string' ? found[key] : '');
  const problems = Array.isArray(found['problems']) ? found['problems'] : [];
  return new ServerProblem(
    status,
    text('type') || 'about:blank',
    text('detail') || text('title') || `HTTP ${status}`,
    problems,
    seconds(headers.get('Retry-After')),
  );
}

/** `Retry-After` in seconds. A date would depend on the clocks of both sides; the server sends none. */
function seconds(header: string | null): number | null {
  return header !== null && /^\d+$/.test(header) ? Number(header) : null;
}
