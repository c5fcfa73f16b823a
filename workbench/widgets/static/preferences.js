// @ts-check
/** What a person has set in this browser. */

/** @param {string} task of each its own, for what is free in one is taken in another */
const keysOf = (task) => `workbench.keys.${task}`;

/**
 * @param {string} task
 * @returns {Record<string, string>} changed keys by action
 */
export function readKeys(task) {
    try {
        const found = JSON.parse(localStorage.getItem(keysOf(task)) ?? "{}");
        return Object.fromEntries(Object.entries(found).filter(([, key]) => typeof key === "string"));
    } catch {
        return {}; // unreadable, or a browser that keeps nothing
    }
}

/**
 * @param {string} task
 * @param {Record<string, string>} keys
 * @param {Record<string, string>} given by the kernel: they need no keeping
 */
export function writeKeys(task, keys, given) {
    const own = Object.entries(keys).filter(([name, key]) => given[name] !== key);
    try {
        if (own.length) localStorage.setItem(keysOf(task), JSON.stringify(Object.fromEntries(own)));
        else localStorage.removeItem(keysOf(task));
    } catch {
        return; // they hold until the page is closed
    }
}
