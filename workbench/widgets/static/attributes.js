// @ts-check
/**
 * The attributes of the selected box, a line each: name and value. A value that reads as a number or
 * as true or false is one; a name without a value goes.
 *
 * @typedef {import("./boxgeometry.js").PlainBox} PlainBox
 */

import { h } from "./dom.js";

/** @typedef {boolean | number | string} Attribute */

/**
 * What a person typed as a value.
 *
 * @param {string} text
 * @returns {Attribute}
 */
export function valueOf(text) {
    if (text === "true" || text === "false") return text === "true";
    return text && String(Number(text)) === text && Number.isFinite(Number(text)) ? Number(text) : text;
}

/**
 * @param {{ changed: (box: PlainBox, attributes: Record<string, Attribute>) => void, leave: () => void }} on
 */
export function createAttributes(on) {
    const lines = h("div", {});
    const add = h("button", { class: "wb-add wb-attribute-add", type: "button", tabindex: -1, onclick: () => addLine() }, h("span", {}, "+ attribute"));
    const element = h("div", { class: "wb-attributes", hidden: "", role: "group", "aria-label": "Attributes of the box" }, lines, add);
    /** @type {PlainBox | null} */
    let box = null;
    let drawn = "";

    /**
     * @param {string} name
     * @param {string} value
     */
    function line(name, value) {
        const field = (/** @type {string} */ text, /** @type {string} */ label) => {
            const input = /** @type {HTMLInputElement} */ (
                h("input", { type: "text", maxlength: 1000, placeholder: label, "aria-label": label, onkeydown: onKey, onblur: keep })
            );
            input.value = text;
            return input;
        };
        return h("div", { class: "wb-attribute" }, field(name, "name"), field(value, "value"));
    }

    function addLine() {
        const added = line("", "");
        lines.append(added);
        added.querySelector("input")?.focus();
    }

    function read() {
        /** @type {Record<string, Attribute>} */
        const found = {};
        for (const each of lines.children) {
            const [name, value] = [...each.querySelectorAll("input")].map((input) => input.value.trim());
            if (name && value) found[name] = valueOf(value);
        }
        return found;
    }

    /** What was typed holds when the fields are left. */
    function keep() {
        setTimeout(() => {
            if (!box || element.contains(activeIn(element))) return;
            const found = read();
            if (JSON.stringify(found) !== JSON.stringify(box.attributes ?? {})) on.changed(box, found);
            else draw();
        });
    }

    /** @param {KeyboardEvent} event */
    function onKey(event) {
        event.stopPropagation(); // Tab goes from field to field
        if (event.key !== "Enter" && event.key !== "Escape") return;
        event.preventDefault();
        if (event.key === "Escape") draw();
        on.leave();
    }

    function draw() {
        const all = Object.entries(box?.attributes ?? {});
        lines.replaceChildren(...all.map(([name, value]) => line(name, String(value))));
    }

    return {
        element,
        /** @param {PlainBox | null} next */
        show(next) {
            const state = JSON.stringify([next?.id, next?.attributes]);
            box = next;
            element.hidden = !next;
            if (state === drawn) return; // what is being typed stays
            drawn = state;
            draw();
        },
        /** Give the keys to the first value, or to a new line. */
        focus() {
            if (!box) return;
            const input = lines.querySelectorAll("input")[1];
            if (input) input.focus();
            else addLine();
        },
    };
}

/**
 * What has the keys, also inside a shadow tree.
 *
 * @param {HTMLElement} element
 */
function activeIn(element) {
    return /** @type {Document | ShadowRoot} */ (element.getRootNode()).activeElement;
}
