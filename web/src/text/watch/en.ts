const watch = {};
export default watch;
