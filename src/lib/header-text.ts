// What may stand in a header of HTTP/1.1: for whoever reads one from people and for whoever writes one to a socket.

/** RFC 9110, section 5.1. */
export const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** RFC 9110, section 5.5. A line break in a value would begin a header of its own. */
export const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** In lower case: they say where a body ends, and a second word about that is how requests are smuggled. */
export const FRAMING_HEADERS: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding']);
