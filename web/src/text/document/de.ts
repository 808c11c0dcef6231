import type { Texts } from '../en.ts';

const document: Texts['document'] = {};
export default document;
