// @ts-check
/** In multi-label, the buttons below the classes: what is ticked is committed, or a label is kept. */

import { h } from "./dom.js";
import { spelled } from "./keymap.js";
import { captionOf } from "./values.js";

const FLASHED = 220; // ms
const IN_SIGHT = 8; // classes; of more, some ticks can be out of sight, and are named

/**
 * @param {ReturnType<typeof import("./keymap.js").createKeymap>} keymap
 * @param {(action: string) => void} act
 */
export function createDone(keymap, act) {
    const count = h("span", { class: "wb-done-count", role: "status" });
    const done = button("Done", count, "accept");
    const kept = h("span", { class: "wb-done-count" });
    const keep = button("Keep", kept, "keep");
    const names = h("div", { class: "wb-done-names" });
    const element = h("div", { class: "wb-done-row", hidden: "" }, names, done, keep);

    /**
     * @param {string} word
     * @param {HTMLElement} what
     * @param {string} action
     */
    function button(word, what, action) {
        const properties = { class: `wb-done wb-done-${action}`, type: "button", tabindex: -1, onclick: () => act(action) };
        return h("button", properties, h("span", {}, word), what, h("kbd", {}));
    }

    /**
     * @param {HTMLElement} target
     * @param {string} action
     */
    function nameKey(target, action) {
        /** @type {HTMLElement} */ (target.lastElementChild).textContent = spelled(keymap.key(action));
        target.setAttribute("aria-keyshortcuts", keymap.key(action));
    }

    return {
        element,
        /** @param {import("./classlist.js").ClassView} view */
        show({ classes, ticked, label, reviewing, shown }) {
            element.hidden = !ticked;
            if (!ticked) return;
            nameKey(done, "accept");
            nameKey(keep, "keep");
            const several = `${ticked.length} ${ticked.length === 1 ? "class" : "classes"}`;
            count.textContent = !shown ? "" : ticked.length ? several : captionOf([]);
            names.hidden = classes.length <= IN_SIGHT;
            names.textContent = names.title = ticked.length ? captionOf(ticked) : "";
            done.title = shown ? `Label: ${captionOf(ticked)}` : "";
            done.toggleAttribute("disabled", !shown);
            keep.hidden = !reviewing || label == null;
            kept.textContent = captionOf(label);
            keep.title = `Keep the label as it is: ${captionOf(label)}`;
        },
        flash() {
            done.classList.add("wb-flash");
            setTimeout(() => done.classList.remove("wb-flash"), FLASHED);
        },
    };
}
