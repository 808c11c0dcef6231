import type { Texts } from '../en.ts';

const problems: Texts['problems'] = {};
export default problems;
