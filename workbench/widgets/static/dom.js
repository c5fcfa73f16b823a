// @ts-check
/** Small helpers to build HTML; text is always set as text, never as markup. */

/**
 * An element with properties and children.
 *
 * @param {string} tag
 * @param {Record<string, any>} [properties] `class`, `on<event>`, else attributes; false leaves out
 * @param {...(Node | string)} children
 * @returns {HTMLElement}
 */
export function h(tag, properties = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
        if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
        else if (value !== false && value != null) element.setAttribute(name, String(value));
    }
    element.append(...children);
    return element;
}

const ICONS = {
    undo: "M4 9h10a6 6 0 0 1 0 12H9M4 9l5-5M4 9l5 5",
    skip: "M5 5l9 7-9 7zM19 5v14",
    heat: "M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
    plus: "M12 5v14M5 12h14",
};

/**
 * One of the icons, drawn in the colour of the text.
 *
 * @param {keyof typeof ICONS} name
 */
export function icon(name) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    svg.classList.add("wb-icon");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", ICONS[name]);
    svg.append(path);
    return svg;
}
