/** Dragging with a mouse or pen. Fingers scroll: they press a + or a type instead, and use the Move buttons. */

import { canvas } from './canvas.svelte.ts';

/** The pointer moves this far before something is dragged, so that a click stays a click. */
const SLACK = 6;

export function startDrag(start: PointerEvent, type: string, index: number | null): void {
  if (start.pointerType === 'touch' || start.button !== 0) return;
  const ending = new AbortController();
  const { signal } = ending;
  addEventListener(
    'pointermove',
    (event) => {
      const far = Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY) > SLACK;
      if (!far && !canvas.dragged) return;
      event.preventDefault();
      canvas.dragged = { type, index, x: event.clientX, y: event.clientY };
    },
    { signal },
  );
  const end = (drop: boolean): void => {
    ending.abort();
    if (!canvas.dragged) return;
    // The click that follows would select what was under the pointer.
    addEventListener('click', stop, { capture: true, once: true });
    setTimeout(() => removeEventListener('click', stop, { capture: true }));
    if (drop) canvas.drop();
    else canvas.dragged = canvas.target = null;
  };
  const stop = (event: Event): void => event.stopPropagation();
  addEventListener('pointerup', () => end(true), { signal });
  addEventListener('pointercancel', () => end(false), { signal });
  addEventListener('keydown', (event) => event.key === 'Escape' && end(false), { signal });
}
