import type { Texts } from '../en.ts';
import en from './en.ts';

const data: Texts['data'] = { ...en };
export default data;
