// @ts-check
/** What a person has set in this browser. */

const KEYS = "workbench.keys";

/** @returns {Record<string, string>} changed keys by action */
export function readKeys() {
    try {
        const found = JSON.parse(localStorage.getItem(KEYS) ?? "{}");
        return Object.fromEntries(Object.entries(found).filter(([, key]) => typeof key === "string"));
    } catch {
        return {}; // unreadable, or a browser that keeps nothing
    }
}

/**
 * @param {Record<string, string>} keys
 * @param {Record<string, string>} given by the kernel: they need no keeping
 */
export function writeKeys(keys, given) {
    const own = Object.entries(keys).filter(([name, key]) => given[name] !== key);
    try {
        if (own.length) localStorage.setItem(KEYS, JSON.stringify(Object.fromEntries(own)));
        else localStorage.removeItem(KEYS);
    } catch {
        return; // they hold until the page is closed
    }
}
