import { appearance } from '../state/theme.svelte.ts';
import { DARK, LIGHT, type Palette } from './colours.ts';

/** The colours of data in the scheme that is shown now. */
export function palette(): Palette {
  return appearance.dark ? DARK : LIGHT;
}
