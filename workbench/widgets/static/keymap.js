// @ts-check
/**
 * Which key does what. No DOM in here.
 *
 * A key is written as in `Shift+z` or `Ctrl+z`; Ctrl also stands for the Mac's command key. Shift
 * counts for letters only: where `?` or a digit lies differs from keyboard to keyboard.
 *
 * @typedef {{ key: string, ctrlKey: boolean, metaKey: boolean, altKey: boolean, shiftKey: boolean }} Stroke
 * @typedef {{ name: string, title: string, group: string, key: string, also?: string[],
 *             repeats?: boolean, ticking?: string }} Action `ticking`: its title in multi-label
 */

/** @type {readonly Action[]} */
export const ACTIONS = Object.freeze([
    { name: "accept", title: "Accept the suggestion", ticking: "Done: these classes", group: "Label", key: "Space", also: ["Enter"] },
    { name: "keep", title: "Keep the label (in review)", group: "Label", key: "k" },
    { name: "skip", title: "Skip this image", group: "Label", key: "s" },
    { name: "undo", title: "Undo", group: "Label", key: "z", also: ["Ctrl+z"] },
    { name: "redo", title: "Redo", group: "Label", key: "Shift+z", also: ["Ctrl+Shift+z", "Ctrl+y"] },
    { name: "find", title: "Find a class by name", group: "Label", key: "/" },
    { name: "newClass", title: "Add a class", group: "Label", key: "n" },
    { name: "classes", title: "Rename, merge or remove classes", group: "Label", key: "e" },
    { name: "note", title: "Write a note on the image", group: "Label", key: "t" },
    { name: "grid", title: "Many images at once", group: "Label", key: "g" },
    { name: "fit", title: "Fit the image", group: "View", key: "f" },
    { name: "actual", title: "One pixel as one pixel", group: "View", key: "a" },
    { name: "zoomIn", title: "Zoom in", group: "View", key: "+", also: ["="], repeats: true },
    { name: "zoomOut", title: "Zoom out", group: "View", key: "-", repeats: true },
    { name: "left", title: "Look left", group: "View", key: "ArrowLeft", repeats: true },
    { name: "right", title: "Look right", group: "View", key: "ArrowRight", repeats: true },
    { name: "up", title: "Look up", group: "View", key: "ArrowUp", repeats: true },
    { name: "down", title: "Look down", group: "View", key: "ArrowDown", repeats: true },
    { name: "brighter", title: "Brighter", group: "View", key: "b", repeats: true },
    { name: "darker", title: "Darker", group: "View", key: "Shift+b", repeats: true },
    { name: "moreContrast", title: "More contrast", group: "View", key: "c", repeats: true },
    { name: "lessContrast", title: "Less contrast", group: "View", key: "Shift+c", repeats: true },
    { name: "plain", title: "Brightness and contrast as they were", group: "View", key: "x" },
    { name: "heat", title: "Show what the model looks at", group: "Model", key: "h" },
    { name: "instant", title: "Let the model learn as you label", group: "Model", key: "i" },
    { name: "likeThis", title: "Images like this one (in the grid)", group: "Label", key: "l" },
    { name: "help", title: "Show the keys", group: "Widget", key: "?" },
    { name: "leave", title: "Leave the widget", group: "Widget", key: "Escape" },
]);

const MODIFIERS = new Set(["Shift", "Control", "Alt", "Meta", "AltGraph", "CapsLock", "Dead"]);

/**
 * A key press as text; empty for a modifier alone and for what belongs to the browser (Alt).
 *
 * @param {Stroke} event
 * @returns {string}
 */
export function strokeOf({ key, ctrlKey, metaKey, altKey, shiftKey }) {
    // With AltGr a character is typed, and browsers report it as Ctrl and Alt.
    const typed = altKey && ctrlKey && key.length === 1;
    if (MODIFIERS.has(key) || (altKey && !typed)) return "";
    if (key === " ") key = "Space";
    const letter = key.length === 1 && key.toLowerCase() !== key.toUpperCase();
    const shift = shiftKey && (letter || key.length > 1) ? "Shift+" : "";
    return ((ctrlKey || metaKey) && !typed ? "Ctrl+" : "") + shift + (letter ? key.toLowerCase() : key);
}

/**
 * A key as people read it.
 *
 * @param {string} key
 */
export function spelled(key) {
    const arrows = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc" };
    return key.replace(/\b(Arrow\w+|Escape)$/, (name) => arrows[/** @type {"Escape"} */ (name)] ?? name);
}

/**
 * The key that stands for each class: the chosen one; else its own name where that is a digit, else
 * the first free one of 1 to 9 and 0; none where they are used up.
 *
 * @param {string[]} classes
 * @param {Record<string, string>} [chosen] by class name
 */
export function classKeys(classes, chosen = {}) {
    const own = (/** @type {string} */ name) => chosen[name] ?? (/^[0-9]$/.test(name) ? name : "");
    const taken = new Set(classes.map(own));
    const free = [..."1234567890"].filter((key) => !taken.has(key));
    return classes.map((name) => own(name) || (free.shift() ?? ""));
}

/**
 * Who hears which key.
 *
 * @param {Record<string, string>} [changed] keys by action, or by `class:<name>`
 */
export function createKeymap(changed = {}) {
    /** @type {Record<string, string>} */
    let own = { ...changed };

    /** @param {Action} action */
    const keyOf = (action) => own[action.name] ?? action.key;

    const keymap = {
        /** What was changed, to be kept. */
        get changed() {
            return { ...own };
        },
        /** @param {string} name of an action */
        key(name) {
            const action = ACTIONS.find((each) => each.name === name);
            return action ? keyOf(action) : "";
        },
        /** @param {string[]} classes */
        classKeys(classes) {
            const chosen = Object.entries(own).filter(([name]) => name.startsWith("class:"));
            return classKeys(classes, Object.fromEntries(chosen.map(([name, key]) => [name.slice(6), key])));
        },
        /**
         * @param {string} stroke as `strokeOf` gives it
         * @returns {Action | undefined}
         */
        actionOf(stroke) {
            if (!stroke) return undefined;
            const meant = ACTIONS.find((action) => keyOf(action) === stroke);
            return meant ?? ACTIONS.find((action) => action.also?.includes(stroke));
        },
        /**
         * Give an action another key; who had that key gets the one that is free now.
         *
         * @param {string} name
         * @param {string} key
         */
        assign(name, key) {
            const before = keymap.key(name);
            const other = ACTIONS.find((action) => action.name !== name && keyOf(action) === key);
            own = { ...own, [name]: key, ...(other ? { [other.name]: before } : {}) };
        },
        /** @param {Record<string, string>} [to] */
        reset(to = {}) {
            own = { ...to };
        },
    };
    return keymap;
}
