import type { Texts } from '../en.ts';

const tryIt: Texts['tryIt'] = {};
export default tryIt;
