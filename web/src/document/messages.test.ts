import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { CODES } from '../text/problems/codes.ts';
import type * as Messages from './messages.ts';

const PAGE = readFileSync(new URL('../../../docs/reference/problems.md', import.meta.url), 'utf8');
const sections = PAGE.split(/^### /m).slice(1);

type Problem = Parameters<typeof Messages.message>[0];
let messages: typeof Messages;

beforeAll(async () => {
  vi.stubGlobal('location', { hash: '', href: 'http://127.0.0.1/', pathname: '/', search: '' });
  vi.stubGlobal('sessionStorage', { getItem: () => null });
  vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined });
  vi.stubGlobal('document', { documentElement: {} });
  messages = await import('./messages.ts');
});

/** The example of a code in the reference: its values and its fix. */
function example(section: string): Problem | null {
  const code = /^`([^`]+)`/.exec(section)![1]!;
  const values = /^values: (.*)$/m.exec(section)?.[1];
  if (values === undefined) return null;
  const fix = [...section.matchAll(/^ {2}(\{"op".*)$/gm)].map((line) => JSON.parse(line[1]!) as never);
  const said = { pointer: '', subject: '', expected: 'what is right', found: 'what is wrong', hint: '' };
  return { ...said, code, values: JSON.parse(values) as never, fix: fix.length ? fix : null };
}

describe('problems', () => {
  it('have every code of the reference', () => {
    expect([...CODES]).toEqual(sections.map((section) => /^`([^`]+)`/.exec(section)![1]));
  });

  it.each(['de', 'es'] as const)('are said in %s with the values that the server sends', async (language) => {
    const { default: texts } = (await import(`../text/problems/${language}.ts`)) as {
      default: { messages: Record<string, string | string[]> };
    };
    expect(Object.keys(texts.messages)).toEqual([...CODES]);
    const found = sections.map(example).filter((problem) => problem !== null);
    expect(found.length).toBeGreaterThan(95);
    for (const problem of found) {
      const text = messages.filled(texts.messages[problem.code]!, problem);
      expect(text, problem.code).toMatch(/^\S.*[.?]$/s);
      expect(text, problem.code).not.toMatch(/\{\w|undefined|null,|NaN\b(?! )/);
    }
  });

  it('have a label for every fix', () => {
    const found = sections.map(example).filter((problem) => problem?.fix);
    expect(found.length).toBeGreaterThan(40);
    const labels = found.map((problem) => `${problem!.code}: ${messages.fixLabel(problem!)}`);
    expect(labels.join('\n')).not.toMatch(/: (null|undefined|)$/m);
    expect(labels).toMatchSnapshot();
  });

  it('say that a name is missing, not that an empty one is unknown', () => {
    const said = {
      subject: '',
      expected: 'a known dataset',
      found: '""',
      hint: 'known: iris, moons',
      fix: null,
    };
    const problem = { ...said, pointer: '/dataset/name', code: 'unknown-dataset' };
    const known = ['iris', 'moons'];
    expect(messages.message({ ...problem, values: { type: '', known } } as never)).toBe(
      'The name of the dataset is missing. Possible: iris, moons.',
    );
    expect(messages.message({ ...problem, values: { type: 'irs', known } } as never)).toMatch(
      /^Expected a known/,
    );
    const name = { ...problem, pointer: '/name', code: 'invalid-name', values: { value: '' } };
    expect(messages.message(name as never)).toContain('1 to 64 characters');
  });

  it('are in the words of the server if nothing else is known', () => {
    const problem = {
      pointer: '',
      subject: 'Dense',
      expected: 'a flat input',
      found: '(12, 12)',
      hint: 'flatten it; near: x',
      code: 'new',
      values: {},
      fix: null,
    };
    expect(messages.message(problem)).toBe('Dense expects a flat input, found (12, 12). Flatten it.');
  });
});
