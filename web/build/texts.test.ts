import { readFile } from 'node:fs/promises';
import { transformWithOxc } from 'vite';
import { describe, expect, it } from 'vitest';
import { named } from '../src/text/named.ts';
import { withoutKeys } from './texts.ts';

describe('translated texts without keys', () => {
  it('are lists in the order of the English ones', () =>
    expect(
      withoutKeys(
        `const found = { b: { 'd-e': (n) => \`\${n} {}\` }, a: 'x: y' }; export default found;`,
        `export default { a: 'one', b: { 'd-e': (n: number): string => String(n) } };`,
      ),
    ).toBe("const found = ['x: y',[(n) => `${n} {}`]]; export default found;"));

  it('keep keys that are not the English ones', () =>
    expect(
      withoutKeys(
        `export default { a: { 'k-l': ['x', 'y'] }, c: [1] };`,
        `export default { a: null, c: [2] };`,
      ),
    ).toBe(`export default [{"k-l":['x', 'y']},[1]];`));

  it('keep what a list could not say', () => {
    const code = `export default { a: { 2: 'x', 1: 'y' }, b: { ...rest }, c: { d() {} } };`;
    const english = `export default { c: { d() {} }, b: { ...rest }, a: { 2: 'x', 1: 'y' } };`;
    expect(withoutKeys(code, english)).toBe(`export default [{ d() {} },{ ...rest },{ 2: 'x', 1: 'y' }];`);
  });

  it.each(['build', 'problems', 'scenes', 'understand', 'watch'])('get their keys back: %s', async (area) => {
    const folder = new URL(`../src/text/${area}/`, import.meta.url);
    const { default: english } = (await import(`${folder.href}en.ts`)) as { default: object };
    for (const language of ['de', 'es']) {
      const { default: whole } = (await import(`${folder.href}${language}.ts`)) as { default: object };
      const source = await readFile(new URL(`${language}.ts`, folder), 'utf8');
      const short = withoutKeys(source, await readFile(new URL('en.ts', folder), 'utf8'));
      expect(short.length).toBeLessThan(source.length);
      const { code } = await transformWithOxc(short, `${language}.ts`, { lang: 'ts' });
      const built = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as { default: object };
      expect(JSON.stringify(named(english, built.default), asText)).toBe(JSON.stringify(whole, asText));
    }
  });
});

/** Functions by what they say, written in one way. */
const asText = (_: string, value: unknown): unknown =>
  typeof value === 'function' ? String(value).replace(/\s+/g, ' ') : value;
