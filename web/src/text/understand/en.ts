const understand = {};
export default understand;
