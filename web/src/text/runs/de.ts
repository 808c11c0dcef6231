import type { Texts } from '../en.ts';

const runs: Texts['runs'] = {};
export default runs;
