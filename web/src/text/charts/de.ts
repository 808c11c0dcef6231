import type { Texts } from '../en.ts';

const charts: Texts['charts'] = { asTable: 'Als Tabelle', asChart: 'Als Diagramm' };
export default charts;
