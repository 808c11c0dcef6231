import type { Texts } from './en.ts';
import app from './app/es.ts';
import build from './build/es.ts';
import document from './document/es.ts';
import data from './data/es.ts';
import watch from './watch/es.ts';
import understand from './understand/es.ts';
import tryIt from './try/es.ts';
import take from './take/es.ts';
import runs from './runs/es.ts';
import scenes from './scenes/es.ts';
import charts from './charts/es.ts';
import problems from './problems/es.ts';
import share from './share/es.ts';

const texts: Texts = {
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
export default texts;
