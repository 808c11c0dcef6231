/** The token that requests carry. It is kept in sessionStorage: each tab can have its own, and it is forgotten when the tab is closed. */

import { keep, kept } from './storage.ts';

const KEPT = 'quickml.token';

class Session {
  token = $state(kept('sessionStorage', KEPT) ?? '');
  /** Whether the server refused the last request for want of a valid token. */
  refused = $state(false);
  #isUsed = false;

  /** Use a token. If another one was in use, the page is loaded again, so that no data of its owner stay or still arrive. */
  keep(token: string): void {
    const isOther = this.#isUsed && token !== this.token;
    this.token = token;
    this.refused = false;
    if (keep('sessionStorage', KEPT, token) && isOther) location.reload();
  }

  /** Put the token into the headers of a request. */
  authorize(headers: Headers): void {
    if (!this.token) return;
    this.#isUsed = true;
    headers.set('Authorization', bearer(this.token));
  }

  /** The server has refused a request with these headers. That says nothing about a token that came since. */
  refuse(headers: Headers): void {
    if ((headers.get('Authorization') ?? bearer('')) === bearer(this.token)) this.refused = true;
  }
}

/** A mistyped token may have characters that no header can carry: it is refused like every wrong one. */
const bearer = (token: string): string => `Bearer ${token.replace(/[^\x21-\x7e]/g, '?')}`;

export const session = new Session();

/** Take the token out of a hash such as `#token=qml_...` or `#/try/JOB?token=qml_...`. */
export function withoutToken(hash: string): { token: string | null; hash: string } {
  const [, path = '', query = ''] = /^#?([^?]*)\??(.*)$/s.exec(hash) ?? [];
  const alone = path.startsWith('token=');
  const parameters = new URLSearchParams(alone ? path : query);
  const token = parameters.get('token');
  if (token === null) return { token: null, hash };
  parameters.delete('token');
  const to = alone ? '/' : path;
  const rest = parameters.toString();
  return { token, hash: `#${to}${rest ? `?${rest}` : ''}` };
}

/** Move a token from the address bar, and from the history, to the session. */
export function takeToken(): void {
  const { token, hash } = withoutToken(location.hash);
  if (token === null) return;
  session.keep(token);
  history.replaceState(history.state, '', location.pathname + location.search + hash);
}
