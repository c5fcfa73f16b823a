// @ts-check
/** The sheet in which classes are renamed, merged and removed; each change can be undone. */

import { h } from "./dom.js";
import { classColour } from "./palette.js";

/**
 * @param {HTMLElement} parent
 * @param {{ rename: (name: string, to: string) => void, merge: (name: string, to: string) => void,
 *           remove: (name: string) => void, closed: () => void }} on
 */
export function createClassSheet(parent, on) {
    const rows = h("div", { class: "wb-class-rows" });
    const hint = h("p", { class: "wb-sheet-hint", role: "status" });
    const close = h("button", { type: "button", class: "wb-plain", onclick: hide }, "Close");
    const sheet = h(
        "section",
        { class: "wb-sheet", role: "region", "aria-label": "Classes", hidden: "", tabindex: -1, onkeydown: onKey },
        h("h4", {}, "Classes"),
        rows,
        hint,
        h("div", { class: "wb-sheet-foot" }, close),
    );
    parent.append(sheet);
    /** @type {string[]} */
    let classes = [];
    /** @type {Record<string, number>} */
    let counts = {};
    let asked = ""; // a change that is made when it is asked for once more
    let drawn = "";

    /**
     * @param {string} name
     * @param {number} index
     */
    function draw(name, index) {
        const input = /** @type {HTMLInputElement} */ (
            h("input", {
                type: "text",
                maxlength: 200,
                "aria-label": `Name of ${name}`,
                onkeydown: (/** @type {KeyboardEvent} */ event) => event.key === "Enter" && rename(name, input),
            })
        );
        input.value = name;
        const remove = h("button", { type: "button", class: "wb-plain", onclick: () => removed(name) }, "Remove");
        return h(
            "div",
            { class: "wb-class-row" },
            h("span", { class: "wb-swatch", style: `background:${classColour(index)}` }),
            input,
            h("span", { class: "wb-count" }, `${counts[name] ?? 0} labels`),
            remove,
        );
    }

    /**
     * @param {string} name
     * @param {HTMLInputElement} input
     */
    function rename(name, input) {
        const to = input.value.trim();
        if (!to || to === name) {
            input.value = name;
        } else if (!classes.includes(to)) {
            on.rename(name, to);
        } else if (sure(`merge ${name} ${to}`, `There is a class ${to} already: Enter once more merges ${name} into it.`)) {
            on.merge(name, to);
        }
    }

    /** @param {string} name */
    function removed(name) {
        const labels = counts[name] ?? 0;
        const loss = labels ? `${labels} ${labels === 1 ? "image loses its" : "images lose their"} label` : "no image has it";
        if (sure(`remove ${name}`, `Remove ${name}? ${loss}; undo brings it back. Once more removes it.`)) on.remove(name);
    }

    /**
     * @param {string} what
     * @param {string} question
     */
    function sure(what, question) {
        const again = asked === what;
        asked = again ? "" : what;
        hint.textContent = again ? "" : question;
        return again;
    }

    /** @param {KeyboardEvent} event */
    function onKey(event) {
        event.stopPropagation();
        if (event.key === "Escape") {
            event.preventDefault();
            hide();
        }
    }

    function hide() {
        asked = hint.textContent = "";
        sheet.hidden = true;
        on.closed();
    }

    const handle = {
        /**
         * @param {string[]} names
         * @param {Record<string, number>} labels
         */
        show(names, labels) {
            classes = names;
            counts = labels;
            if (sheet.hidden) return;
            const state = JSON.stringify([names, names.map((name) => labels[name])]);
            if (state === drawn) return; // what is being typed stays
            drawn = state;
            rows.replaceChildren(...names.map(draw));
            sheet.focus({ preventScroll: true }); // what had it is gone
        },
        /** Open it, or close it. */
        toggle() {
            if (!sheet.hidden) return hide();
            sheet.hidden = false;
            drawn = "";
            handle.show(classes, counts);
            sheet.focus({ preventScroll: true });
        },
    };
    return handle;
}
