/** Keep an element at the top of the window while what is above it gets its size: until somebody acts, or for some seconds. */

const ACTS = ['wheel', 'pointerdown', 'touchstart', 'keydown'] as const;
const LONGEST_MS = 5000;

/** Returns a function that ends it. `around` contains the element and what is above it. */
export function stayAt(element: Element, around: Element): () => void {
  const observer = new ResizeObserver(() => element.scrollIntoView({ behavior: 'instant', block: 'start' }));
  const timer = setTimeout(end, LONGEST_MS);
  function end(): void {
    clearTimeout(timer);
    observer.disconnect();
    for (const act of ACTS) removeEventListener(act, end);
  }
  observer.observe(around);
  for (const act of ACTS) addEventListener(act, end, { passive: true });
  return end;
}
