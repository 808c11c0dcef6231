/** Parts of the page that are loaded when they are needed. A newer server no longer has those of an older page. */
class Parts {
  /** Whether one could not be loaded. */
  missing = $state(false);

  constructor() {
    addEventListener('vite:preloadError', () => (this.missing = true));
  }
}

export const parts = new Parts();
