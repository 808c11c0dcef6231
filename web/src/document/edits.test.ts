import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { edited } from './edits.ts';
import { applied, type Operation, PatchError } from './patch.ts';
import { isHolder } from './pointer.ts';
import { seeded } from './random.ts';
import { read } from './source.ts';

const MNIST = readFileSync(new URL('../../../mnist_cnn.json', import.meta.url), 'utf8');
const RESNET = readFileSync(new URL('../../../examples/mnist_resnet.json', import.meta.url), 'utf8');

describe('edited', () => {
  it('keeps layers on one line', () => {
    const after = edited(MNIST, [{ op: 'add', path: '/model/layers/5', value: { type: 'Flatten' } }]);
    expect(after.split('\n')[9]).toBe('      {"type": "Flatten"},');
    expect(after.split('\n').toSpliced(9, 1).join('\n')).toBe(MNIST);
  });

  it('adds a key in its line', () => {
    const after = edited(MNIST, [{ op: 'add', path: '/model/layers/6/noise_shape', value: [1] }]);
    expect(after).toContain('      {"type": "Dropout", "rate": 0.5, "noise_shape": [1]},\n');
  });

  it('changes one number, and leaves 1.0 what it is', () => {
    const after = edited(MNIST, [{ op: 'replace', path: '/training/batch_size', value: 64 }]);
    expect(after).toBe(MNIST.replace('"batch_size": 128', '"batch_size": 64'));
  });

  it('adds to a text with other indentation', () => {
    const text = '{\n\t"a": {\n\t\t"b": 1\n\t}\n}\n';
    expect(edited(text, [{ op: 'add', path: '/a/c', value: [1, 2] }])).toBe(
      '{\n\t"a": {\n\t\t"b": 1,\n\t\t"c": [1, 2]\n\t}\n}\n',
    );
  });

  it('adds to a text on one line, without spaces', () => {
    expect(edited('{"a":1,"b":2}', [{ op: 'add', path: '/c', value: { d: [1, 2] } }])).toBe(
      '{"a":1,"b":2,"c":{"d":[1,2]}}',
    );
  });

  it('leaves comments and trailing commas', () => {
    const text = '{\n  // names\n  "a": [1, 2,], /* b */\n}';
    expect(edited(text, [{ op: 'add', path: '/a/-', value: 3 }])).toBe(
      '{\n  // names\n  "a": [1, 2, 3,], /* b */\n}',
    );
  });

  it('renames a key in its place', () => {
    expect(edited('{"epoch": 3, "seed": 1}', [{ op: 'move', from: '/epoch', path: '/epochs' }])).toBe(
      '{"epochs": 3, "seed": 1}',
    );
  });

  it('refuses what does not fit', () => {
    expect(() => edited(MNIST, [{ op: 'remove', path: '/model/layers/99' }])).toThrow(PatchError);
    expect(() => edited('{"a": ', [{ op: 'remove', path: '/a' }])).toThrow(PatchError);
    expect(() => edited('{"a": {}}', [{ op: 'move', from: '/a', path: '/a/b' }])).toThrow(PatchError);
  });
});

describe('random patches', () => {
  it.each([
    ['mnist', MNIST],
    ['resnet', RESNET],
    ['one line', JSON.stringify(JSON.parse(MNIST))],
    ['four spaces', JSON.stringify(JSON.parse(RESNET), null, 4)],
    ['tabs and CRLF', JSON.stringify(JSON.parse(MNIST), null, '\t').replaceAll('\n', '\r\n')],
  ])('of %s give what RFC 6902 says', (_, text) => {
    for (let seed = 0; seed < 80; seed++) {
      const random = seeded(seed);
      let now = text;
      for (let step = 0; step < 4; step++) {
        const value = read(now).value;
        const operation = operationOn(value, random);
        let wanted: unknown;
        try {
          wanted = applied(value, [operation]);
        } catch {
          expect(() => edited(now, [operation])).toThrow(PatchError);
          continue;
        }
        now = edited(now, [operation]);
        expect(read(now).value, JSON.stringify(operation)).toEqual(wanted);
      }
    }
  });

  it('without an effect leave the text', () => {
    for (let seed = 0; seed < 300; seed++) {
      const random = seeded(seed);
      const paths = pathsOf(JSON.parse(RESNET));
      const [path = '', value] = paths[random(paths.length)]!;
      if (isHolder(value)) continue;
      expect(edited(RESNET, [{ op: 'replace', path, value }])).toBe(RESNET);
    }
  });
});

const VALUES = [
  1,
  -0.5,
  true,
  null,
  'ü"\\\n',
  {},
  [],
  [3, 3],
  { type: 'Dense', units: 3 },
  { a: { b: ['x'.repeat(120)] } },
];
const KEYS = ['a', 'units', 'ä/~"', '__proto__x', '-', '0'];

function operationOn(document: unknown, random: (below: number) => number): Operation {
  const paths = pathsOf(document);
  const pick = <T>(list: readonly T[]): T => list[random(list.length)]!;
  const [path] = pick(paths);
  const holders = paths.filter(([, value]) => isHolder(value));
  if (!holders.length) return { op: 'replace', path: '', value: { a: [] } };
  const [holder, held] = pick(holders);
  const step = Array.isArray(held) ? pick(['-', String(random(held.length + 2))]) : pick(KEYS);
  const target = `${holder}/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  const value = pick(VALUES);
  switch (pick(['add', 'add', 'remove', 'replace', 'move'])) {
    case 'add':
      return { op: 'add', path: target, value };
    case 'remove':
      return { op: 'remove', path };
    case 'replace':
      return { op: 'replace', path, value };
    default:
      return { op: 'move', from: path, path: target };
  }
}

function pathsOf(value: unknown, path = ''): [string, unknown][] {
  if (!isHolder(value)) return [[path, value]];
  const inner = Object.entries(value).flatMap(([key, item]) =>
    pathsOf(item, `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`),
  );
  return [[path, value], ...inner];
}
