exports = ({ body }) => body.buffer.length;
