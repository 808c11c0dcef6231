import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';
import { scopeOf } from './build/scopes.js';

export default { preprocess: vitePreprocess(), compilerOptions: { runes: true, cssHash: scopeOf } };
