import type { Texts } from '../en.ts';
import en from './en.ts';

const build: Texts['build'] = { ...en };
export default build;
