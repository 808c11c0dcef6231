import type { Texts } from '../en.ts';

const build: Texts['build'] = {};
export default build;
