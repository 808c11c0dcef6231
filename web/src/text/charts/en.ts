const charts = { asTable: 'As a table', asChart: 'As a chart' };
export default charts;
