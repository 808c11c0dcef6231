/** Texts of this view in the current language. Only who has data of their own loads them. */

import { type Language, language } from '../../text/index.svelte.ts';
import { named } from '../../text/named.ts';
import de from '../../text/own/de.ts';
import en from '../../text/own/en.ts';
import es from '../../text/own/es.ts';

const TEXTS: Record<Language, typeof en> = { en, de: named(en, de), es: named(en, es) };

export const own = (): typeof en => TEXTS[language()];
