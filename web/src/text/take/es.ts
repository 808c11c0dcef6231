import type { Texts } from '../en.ts';

const take: Texts['take'] = {};
export default take;
