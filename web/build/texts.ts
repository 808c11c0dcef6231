import { readFile } from 'node:fs/promises';
import { parseAst, type Plugin } from 'vite';

/**
 * Translated texts without their keys, which are those of the English ones: half of a short text is its key.
 * `{ undo: 'Rückgängig', keys: { up: 'hoch' } }` becomes `['Rückgängig', ['hoch']]`, in the order of the English
 * file. `src/text/named.ts` puts the keys back.
 */
export function texts(): Plugin {
  return {
    name: 'texts',
    apply: 'build',
    transform: {
      filter: { id: /\/src\/text\/.+\b(de|es)\.ts$/ },
      async handler(code, id) {
        const english = await readFile(id.replace(/(de|es)\.ts$/, 'en.ts'), 'utf8');
        return { code: withoutKeys(code, english), map: null };
      },
    },
  };
}

/** The module with its exported object as a list. */
export function withoutKeys(code: string, english: string): string {
  const found = exported(code);
  const known = exported(english);
  if (found?.type !== 'ObjectExpression') return code;
  return code.slice(0, found.start) + written(found, known, code) + code.slice(found.end);
}

type Expression = Extract<Statement, { type: 'ExpressionStatement' }>['expression'];
type Statement = ReturnType<typeof parseAst>['body'][number];

/** What a module exports by default: an expression, or the value of a constant. */
function exported(code: string): Expression | null {
  const { body } = parseAst(code, { lang: 'ts' });
  const constants = new Map<string, Expression>();
  for (const statement of body) {
    if (statement.type === 'VariableDeclaration')
      for (const { id, init } of statement.declarations)
        if (id.type === 'Identifier' && init) constants.set(id.name, init);
    if (statement.type !== 'ExportDefaultDeclaration') continue;
    const value = statement.declaration as Expression;
    return value.type === 'Identifier' ? (constants.get(value.name) ?? null) : value;
  }
  return null;
}

/** As it stands there, but objects that have the English keys are lists. */
function written(value: Expression, english: Expression | null, code: string): string {
  const found = entries(value);
  if (!found) return code.slice(value.start, value.end);
  const known = english && entries(english);
  const parts = [...found].map(([key, part]) => [key, written(part, known?.get(key) ?? null, code)] as const);
  if (known?.size !== found.size || parts.some(([key]) => !known.has(key)))
    return `{${parts.map(([key, part]) => `${JSON.stringify(key)}:${part}`).join()}}`;
  const byKey = new Map(parts);
  return `[${[...known.keys()].map((key) => byKey.get(key)).join()}]`;
}

/** The values of an object by key; null if it is none, or has other keys than names. */
function entries(value: Expression): Map<string, Expression> | null {
  if (value.type !== 'ObjectExpression') return null;
  const found = new Map<string, Expression>();
  for (const part of value.properties) {
    if (part.type !== 'Property' || part.kind !== 'init' || part.method || part.computed) return null;
    const { key } = part;
    const name = key.type === 'Identifier' ? key.name : key.type === 'Literal' ? String(key.value) : null;
    if (name === null || /^\d/.test(name)) return null; // objects have numbers in an order of their own
    found.set(name, part.value);
  }
  return found;
}
