import type { Texts } from '../en.ts';

const data: Texts['data'] = {};
export default data;
