import { describe, expect, it, vi } from 'vitest';
import { move, moveOf } from './keys.ts';

describe('keys', () => {
  it('all count on the slider', () =>
    expect(
      [' ', 'ArrowLeft', 'ArrowUp', 'PageUp', 'PageDown', 'Home', 'End', 'a'].map((key) =>
        moveOf({ key }, true, true),
      ),
    ).toEqual(['toggle', 'previous', 'next', 'tenOn', 'tenBack', 'first', 'last', null]));
  it('only space and arrows to the sides count elsewhere', () =>
    expect(
      [' ', 'ArrowRight', 'ArrowUp', 'PageUp', 'Home'].map((key) => moveOf({ key }, false, false)),
    ).toEqual(['toggle', 'next', null, null, null]));
  it('none count where a field or a button has them, or with a modifier', () => {
    expect(moveOf({ key: ' ' }, false, true)).toBeNull();
    expect(moveOf({ key: 'ArrowLeft', altKey: true }, true, false)).toBeNull();
  });
  it('stay inside the film', () => {
    const playhead = { index: 3, toggle: vi.fn(), seek: vi.fn() };
    move(playhead, 8, 'tenBack');
    move(playhead, 8, 'tenOn');
    move(playhead, 8, 'next');
    move(playhead, 8, 'toggle');
    expect(playhead.seek.mock.calls).toEqual([[0], [8], [4]]);
    expect(playhead.toggle).toHaveBeenCalledOnce();
  });
});
