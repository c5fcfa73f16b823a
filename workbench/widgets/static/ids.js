// @ts-check
/** Ids: made new, and read from bytes. No DOM in here. */

/** An id that nobody else has; `crypto.randomUUID` would want https, which a lab's server may lack. */
export function newId() {
    return hex(crypto.getRandomValues(new Uint8Array(16)));
}

/** An id as the database makes them: 24 hexadecimal digits. */
export function newObjectId() {
    return hex(crypto.getRandomValues(new Uint8Array(12)));
}

/** @param {Uint8Array} bytes */
export function hex(bytes) {
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
