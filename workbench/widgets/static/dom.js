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
    redo: "M20 9H10a6 6 0 0 0 0 12h5M20 9l-5-5M20 9l-5 5",
    grid: "M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h6v6h-6z",
    fit: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
    zoomIn: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.5 15.5L21 21M10.5 7.5v6M7.5 10.5h6",
    light: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M5 19l2-2M17 7l2-2",
    instant: "M13 2L5 13h6l-1 9 8-11h-6z",
    tick: "M5 12.5l4.5 4.5L19 7.5",
    box: "M5 6h14v12H5z",
    repeat: "M4 8h10v10H4zM8 4h12v12",
    layers: "M12 4l8 4-8 4-8-4zM4 12l8 4 8-4M4 16l8 4 8-4",
    cross: "M12 3v18M3 12h18",
    help: "M9 9a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.2-1.5 2.4M12 17.5v.5",
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
