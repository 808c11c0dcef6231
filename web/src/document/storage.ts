/** The draft on this device: of this tab first, so that two tabs do not disturb each other. */

import * as storage from '../state/storage.ts';

const KEPT = 'quickml.draft';

export function keptText(): string | null {
  return storage.kept('sessionStorage', KEPT) ?? storage.kept('localStorage', KEPT);
}

export function keep(text: string): void {
  storage.keep('sessionStorage', KEPT, text);
  storage.keep('localStorage', KEPT, text);
}
