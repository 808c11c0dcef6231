/** Keys of the playhead. */

export type Move = 'toggle' | 'previous' | 'next' | 'tenBack' | 'tenOn' | 'first' | 'last';

const MOVES: Readonly<Record<string, Move>> = {
  ' ': 'toggle',
  ArrowLeft: 'previous',
  ArrowDown: 'previous',
  ArrowRight: 'next',
  ArrowUp: 'next',
  PageDown: 'tenBack',
  PageUp: 'tenOn',
  Home: 'first',
  End: 'last',
};
/** What the page itself does with keys; away from the slider, these scroll. */
const ANYWHERE: ReadonlySet<Move> = new Set<Move>(['toggle', 'previous', 'next']);
const OWN_KEYS =
  'input, select, textarea, button, a[href], summary, dialog, table, [contenteditable], [tabindex]:not(main, [role="slider"])';

interface Pressed {
  readonly key: string;
  readonly altKey?: boolean;
  readonly ctrlKey?: boolean;
  readonly metaKey?: boolean;
}

/** What a key does. On the slider all keys count; elsewhere space and arrows, unless the place has keys of its own. */
export function moveOf(event: Pressed, isOnSlider: boolean, hasOwnKeys: boolean): Move | null {
  if (event.altKey || event.ctrlKey || event.metaKey) return null;
  const move = MOVES[event.key];
  if (!move) return null;
  if (isOnSlider) return move;
  if (hasOwnKeys || event.key === 'ArrowUp' || event.key === 'ArrowDown') return null;
  return ANYWHERE.has(move) ? move : null;
}

/** Whether a place, such as a field or a button, uses keys itself. */
export function hasOwnKeys(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest(OWN_KEYS) !== null;
}

interface Movable {
  readonly index: number;
  toggle(): void;
  seek(index: number): void;
}

export function move(playhead: Movable, last: number, by: Move): void {
  const to: Readonly<Record<Exclude<Move, 'toggle'>, number>> = {
    previous: playhead.index - 1,
    next: playhead.index + 1,
    tenBack: playhead.index - 10,
    tenOn: playhead.index + 10,
    first: 0,
    last,
  };
  if (by === 'toggle') playhead.toggle();
  else playhead.seek(Math.min(last, Math.max(0, to[by])));
}
