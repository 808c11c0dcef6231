const take = {};
export default take;
