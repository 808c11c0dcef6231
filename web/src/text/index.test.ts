import { expect, it, vi } from 'vitest';
import { language, speak, t } from './index.svelte.ts';

it('the language chosen last is spoken, also if one chosen before comes later', async () => {
  const document = { documentElement: { lang: 'en' } };
  vi.stubGlobal('document', document);
  const german = speak('de'); // has to be loaded
  await speak('en');
  await german;
  expect([language(), document.documentElement.lang]).toEqual(['en', 'en']);
  await speak('de');
  expect([language(), document.documentElement.lang]).toEqual(['de', 'de']);
  expect(t().app.language).toBe('Sprache');
});
