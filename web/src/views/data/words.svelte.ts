/** Texts of this view in the current language. Only who has data of their own loads them, and in one language. */

import { type Language, language } from '../../text/index.svelte.ts';
import { named } from '../../text/named.ts';
import en from '../../text/own/en.ts';

type Texts = typeof en;

const OTHERS: Partial<Record<Language, () => Promise<{ default: Texts }>>> = {
  de: () => import('../../text/own/de.ts'),
  es: () => import('../../text/own/es.ts'),
};
let texts = $state.raw<Partial<Record<Language, Texts>>>({ en });

async function load(wanted: Language): Promise<void> {
  const found = await OTHERS[wanted]?.();
  if (found) texts = { ...texts, [wanted]: named(en, found.default) };
}

/** English until those of another language are there, or if they do not come. */
export const own = (): Texts => {
  const wanted = language();
  if (!texts[wanted]) load(wanted).catch(() => undefined);
  return texts[wanted] ?? en;
};

await load(language()).catch(() => undefined);
