/** The draft on this device: of this tab first, so that two tabs do not disturb each other. */

const KEPT = 'quickml.draft';

export function keptText(): string | null {
  try {
    return sessionStorage.getItem(KEPT) ?? localStorage.getItem(KEPT);
  } catch {
    return null; // storage is forbidden
  }
}

export function keep(text: string): void {
  for (const storage of [() => sessionStorage, () => localStorage])
    try {
      storage().setItem(KEPT, text);
    } catch {
      // forbidden or full: the draft lives as long as the page
    }
}
