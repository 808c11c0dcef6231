import type { Texts } from '../en.ts';

const charts: Texts['charts'] = { asTable: 'Como tabla', asChart: 'Como gráfico' };
export default charts;
