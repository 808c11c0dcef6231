/** Light or dark: as the system, or as chosen on this device. */

import { keep, kept } from './storage.ts';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const KEPT = 'quickml.theme';
const system = matchMedia('(prefers-color-scheme: dark)');

class Appearance {
  chosen = $state<Theme>(THEMES.find((name) => name === kept('localStorage', KEPT)) ?? 'system');
  /** Whether dark colours are shown. Canvases depend on it. */
  dark = $state(false);

  constructor() {
    system.addEventListener('change', () => this.#apply());
    this.#apply();
  }

  choose(theme: Theme): void {
    this.chosen = theme;
    keep('localStorage', KEPT, theme);
    this.#apply();
  }

  #apply(): void {
    this.dark = this.chosen === 'system' ? system.matches : this.chosen === 'dark';
    document.documentElement.dataset['theme'] = this.dark ? 'dark' : 'light';
  }
}

export const appearance = new Appearance();
