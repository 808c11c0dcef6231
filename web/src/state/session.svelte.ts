/** The token that requests carry. It lives in sessionStorage: each tab may be somebody else, and it ends with the tab. */

const KEPT = 'quickml.token';

class Session {
  token = $state(sessionStorage.getItem(KEPT) ?? '');
  /** Whether the server refused the last request for want of a valid token. */
  refused = $state(false);

  keep(token: string): void {
    this.token = token;
    this.refused = false;
    sessionStorage.setItem(KEPT, token);
  }
}

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
