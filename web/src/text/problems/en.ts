const problems = {};
export default problems;
