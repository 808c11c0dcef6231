/** Calls `work` once before the next picture, however often it is asked; soon, where no pictures are drawn. */
const HIDDEN_MS = 200;

export function batched(work: () => void): () => void {
  let isDue = false;
  const run = (): void => {
    if (!isDue) return;
    isDue = false;
    work();
  };
  return () => {
    if (isDue) return;
    isDue = true;
    if (typeof requestAnimationFrame === 'function' && document.visibilityState === 'visible')
      requestAnimationFrame(run);
    setTimeout(run, HIDDEN_MS); // the page may be hidden before the picture
  };
}
