import createClient, { type Middleware } from 'openapi-fetch';
import { clock } from '../state/clock.svelte.ts';
import { session } from '../state/session.svelte.ts';
import { t } from '../text/index.svelte.ts';
import { ServerProblem } from './problem.ts';
import type { components, paths } from './schema';

export type Schemas = components['schemas'];

export { ServerProblem };

/** The folder of the page: the server may be behind a prefix. Ends with a slash. */
export const base = new URL('.', location.href.split('#')[0]).href;

const authorized: Middleware = {
  onRequest({ request }) {
    session.authorize(request.headers);
    return request;
  },
  onResponse({ request, response }) {
    clock.learn(response.headers.get('Date'));
    if (response.status === 401) session.refuse(request.headers);
  },
};

/** A typed client of every route: `await api.GET('/v1/jobs/{job_id}', {params: {path: {job_id}}})`. */
export const api = createClient<paths>({ baseUrl: base.replace(/\/$/, '') });
api.use(authorized);

/** The data of an answer. Throws a `ServerProblem` for every other one. */
export async function data<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  let answer;
  try {
    answer = await call;
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw unreachable();
  }
  if (answer.error !== undefined || !answer.response.ok) throw problemOf(answer.response, answer.error);
  return answer.data as T;
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
  if (response.status === 401) session.refuse(headers);
  if (response.ok || response.status === 304) return response;
  throw problemOf(response, await response.json().catch(() => null));
}

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
