const tryIt = {};
export default tryIt;
