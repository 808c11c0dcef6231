import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import typescript from 'typescript-eslint';
import config from './svelte.config.js';

export default typescript.config(
  { ignores: ['src/api/schema.d.ts', 'node_modules'] },
  ...typescript.configs.strict,
  ...svelte.configs.recommended,
  { languageOptions: { globals: { ...globals.browser, ...globals.node } } },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: {
      parserOptions: { parser: typescript.parser, extraFileExtensions: ['.svelte'], svelteConfig: config },
    },
  },
  {
    rules: {
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'svelte/no-at-html-tags': 'error',
      // The policy of the page forbids style attributes; `style:width={...}` does not make one.
      'no-restricted-syntax': [
        'error',
        { selector: "SvelteAttribute[key.name='style']", message: 'Use style:NAME.' },
      ],
      'svelte/button-has-type': 'error',
      'svelte/prefer-svelte-reactivity': 'off', // most maps here are not shown
      '@typescript-eslint/no-non-null-assertion': 'off', // indices of arrays, whose lengths are known
      '@typescript-eslint/consistent-type-imports': 'error',
      'no-console': 'error',
    },
  },
  { files: ['src/text/**/*.ts', '**/*.test.ts'], rules: { 'max-lines': 'off' } },
);
