/** Starting workers under the page's policy, which asks for Trusted Types. */

interface Policies {
  createPolicy(
    name: string,
    rules: { createScriptURL(url: string): string },
  ): { createScriptURL(url: string): URL };
}

const own = new URL(/* @vite-ignore */ '.', import.meta.url).href;

/** Allows only the page's own files as scripts. */
function checked(url: string): string {
  if (!new URL(url, location.href).href.startsWith(own)) throw new TypeError('not a file of the page');
  return url;
}

let policy: ReturnType<Policies['createPolicy']> | undefined;

/** A module worker from an address that `import address from './x.ts?worker&url'` gives. Null where none can be started. */
export function startWorker(address: string): Worker | null {
  try {
    const { trustedTypes } = globalThis as { trustedTypes?: Policies };
    policy ??= trustedTypes?.createPolicy('quickml-worker', { createScriptURL: checked });
    return new Worker(policy?.createScriptURL(address) ?? checked(address), { type: 'module' });
  } catch {
    return null;
  }
}
