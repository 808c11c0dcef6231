import app from './app/en.ts';
import build from './build/en.ts';
import document from './document/en.ts';
import data from './data/en.ts';
import watch from './watch/en.ts';
import understand from './understand/en.ts';
import tryIt from './try/en.ts';
import take from './take/en.ts';
import runs from './runs/en.ts';
import scenes from './scenes/en.ts';
import charts from './charts/en.ts';
import problems from './problems/en.ts';
import share from './share/en.ts';

/** Every text of the page, by area. The other languages have the same keys: the compiler checks it. */
const texts = {
  app,
  build,
  document,
  data,
  watch,
  scenes,
  understand,
  tryIt,
  take,
  runs,
  charts,
  problems,
  share,
};
export type Texts = typeof texts;
export default texts;
