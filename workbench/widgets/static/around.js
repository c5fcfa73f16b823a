// @ts-check
/** What the labelling widget tells whatever stands around it, such as a gallery, by DOM events. */

const NAME = "workbench-label";

/** @param {HTMLElement} root of the widget, which gives the keys back */
export function leave(root) {
    root.blur();
    root.dispatchEvent(new CustomEvent(NAME, { bubbles: true, composed: true, detail: { what: "left" } }));
}

/**
 * @param {HTMLElement} root of the widget
 * @param {string} sample that is on screen now
 */
export function tellShown(root, sample) {
    root.dispatchEvent(new CustomEvent(NAME, { bubbles: true, composed: true, detail: { what: "shown", sample } }));
}

/**
 * @param {(root: Element, detail: { what: "left" | "shown", sample?: string }) => void} listener
 * @returns {() => void} stops that
 */
export function onLabelling(listener) {
    /** @param {Event} event */
    function hear(event) {
        // Out of a shadow tree, the event's target is only what holds the tree.
        const [root] = event.composedPath();
        if (root instanceof Element) listener(root, /** @type {CustomEvent} */ (event).detail);
    }
    document.addEventListener(NAME, hear);
    return () => document.removeEventListener(NAME, hear);
}
