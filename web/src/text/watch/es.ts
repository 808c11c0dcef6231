import type { Texts } from '../en.ts';

const watch: Texts['watch'] = {};
export default watch;
