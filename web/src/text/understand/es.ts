import en from './en.ts';
import type { Texts } from '../en.ts';

const understand: Texts['understand'] = en;
export default understand;
