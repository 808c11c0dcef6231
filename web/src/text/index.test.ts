import { expect, it, vi } from 'vitest';
import { format, language, speak, t } from './index.svelte.ts';

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

it('numbers with many zeros are short', async () => {
  await speak('en');
  expect([5.13e21, -2e-9, 123_456, 0.00123, 0].map((value) => format.number(value))).toEqual([
    '5.13E21',
    '-2E-9',
    '123,000',
    '0.00123',
    '0',
  ]);
});
