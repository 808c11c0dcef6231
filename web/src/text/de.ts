import type { Texts } from './en.ts';
import app from './app/de.ts';
import build from './build/de.ts';
import document from './document/de.ts';
import data from './data/de.ts';
import watch from './watch/de.ts';
import understand from './understand/de.ts';
import tryIt from './try/de.ts';
import take from './take/de.ts';
import runs from './runs/de.ts';
import scenes from './scenes/de.ts';
import charts from './charts/de.ts';
import problems from './problems/de.ts';
import share from './share/de.ts';

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
