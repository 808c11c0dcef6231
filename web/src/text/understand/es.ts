import type { Texts } from '../en.ts';

const understand: Texts['understand'] = {};
export default understand;
