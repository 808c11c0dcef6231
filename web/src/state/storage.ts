/** The browser's storage, which may be forbidden or full: then the page works, and forgets with the tab. */

type Place = 'localStorage' | 'sessionStorage';

/** The text kept under a key; null if there is none, or storage is forbidden. */
export function kept(place: Place, key: string): string | null {
  try {
    return globalThis[place].getItem(key);
  } catch {
    return null;
  }
}

/** Keep a text. Returns whether it is kept. */
export function keep(place: Place, key: string, text: string): boolean {
  try {
    globalThis[place].setItem(key, text);
    return true;
  } catch {
    return false;
  }
}
