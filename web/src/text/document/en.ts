const document = {};
export default document;
