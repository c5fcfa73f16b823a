// @ts-check
/** The mask of the image in the panel: what paints, how wide, which classes are in it, what is suggested. */

import { h } from "./dom.js";
import { spelled } from "./keymap.js";
import { createMagicRow } from "./magicrow.js";
import { BRUSHES } from "./maskhand.js";
import { classColour } from "./palette.js";

/** @type {readonly { kind: import("./maskhand.js").Kind, name: string }[]} */
const KINDS = Object.freeze([
    { kind: "brush", name: "Brush" },
    { kind: "eraser", name: "Eraser" },
    { kind: "lasso", name: "Lasso" },
    { kind: "fill", name: "Fill" },
]);

/**
 * @param {HTMLElement} parent
 * @param {ReturnType<typeof import("./keymap.js").createKeymap>} keymap
 * @param {{ act: (action: string) => void, resize: (place: number) => void, own: (tool: string) => void,
 *           leave: () => void }} on
 */
export function createMaskPanel(parent, keymap, on) {
    const kinds = KINDS.map(({ kind, name }) => ({
        kind,
        button: h("button", { class: "wb-kind", type: "button", tabindex: -1, "aria-pressed": "false", onclick: () => on.act(kind) }, name, h("kbd", {})),
    }));
    const magic = createMagicRow(keymap, { act: on.act, own: on.own });
    const slider = /** @type {HTMLInputElement} */ (
        h("input", {
            type: "range",
            min: 0,
            max: BRUSHES.length - 1,
            tabindex: -1,
            "aria-label": "Width of the brush in pixels of the image",
            onkeydown: (/** @type {KeyboardEvent} */ event) => event.stopPropagation(),
            oninput: () => on.resize(Number(slider.value)),
            onchange: on.leave,
        })
    );
    const across = h("output", {});
    const careful = h("button", { class: "wb-ghost-row", type: "button", tabindex: -1, "aria-pressed": "false", onclick: () => on.act("careful") }, h("span", { class: "wb-name" }, "other classes stay"), h("kbd", {}));
    const by = h("h4", {});
    const all = h("button", { class: "wb-ghost-row", type: "button", tabindex: -1, onclick: () => on.act("acceptGhosts") }, h("span", { class: "wb-name" }, "unpainted"), h("span", { class: "wb-count" }, "accept all"), h("kbd", {}));
    const one = h("button", { class: "wb-ghost-row", type: "button", tabindex: -1, onclick: () => on.act("acceptGhost") }, h("span", { class: "wb-name" }, "pointed at"), h("span", { class: "wb-count" }, "accept"), h("kbd", {}));
    const suggested = h("div", { class: "wb-ghosts" }, by, all, one);
    const list = h("div", { class: "wb-mask-list", role: "list", "aria-label": "Classes in the mask", "data-empty": "none yet: drag on the image" });
    const told = h("p", { class: "wb-box-told", role: "status" });
    const element = h(
        "div",
        { class: "wb-box-panel wb-mask-panel" },
        h("div", { class: "wb-kinds", role: "group", "aria-label": "What paints" }, ...kinds.map(({ button }) => button)),
        magic.element,
        h("label", { class: "wb-ghost-from" }, "width", slider, across),
        careful,
        suggested,
        h("div", { class: "wb-box-head" }, h("h4", {}, "Mask")),
        list,
        told,
    );
    parent.append(element);

    /**
     * @param {HTMLElement} button
     * @param {string} action
     */
    function nameKey(button, action) {
        /** @type {HTMLElement} */ (button.lastElementChild).textContent = spelled(keymap.key(action)).replace("Shift+", "⇧");
        button.setAttribute("aria-keyshortcuts", keymap.key(action));
    }

    return {
        /**
         * @param {{ kind: string, magicKind: string, tools: string[], size: number, careful: boolean, classes: string[], raster: import("./raster.js").Raster | null,
         *           problem: string, suggestedBy: string | null, reviewing: boolean }} state `suggestedBy`: null where nothing is suggested
         */
        show({ kind, magicKind, tools, size, careful: isCareful, classes, raster, problem, suggestedBy, reviewing }) {
            for (const each of kinds) {
                each.button.setAttribute("aria-pressed", String(!magicKind && each.kind === kind));
                nameKey(each.button, each.kind);
            }
            magic.show(magicKind, tools);
            slider.value = String(BRUSHES.indexOf(size));
            across.textContent = `${size} px`;
            careful.setAttribute("aria-pressed", String(isCareful));
            nameKey(careful, "careful");
            suggested.hidden = suggestedBy === null;
            all.hidden = reviewing; // there, region by region
            by.textContent = suggestedBy ? `Suggested by ${suggestedBy}` : "Suggested";
            nameKey(all, "acceptGhosts");
            nameKey(one, "acceptGhost");
            const shares = [...(raster?.shares ?? [])].sort((a, b) => b[1] - a[1]);
            list.replaceChildren(
                ...shares.map(([name, share]) =>
                    h(
                        "div",
                        { class: "wb-mask-row", role: "listitem" },
                        h("span", { class: "wb-swatch", style: `background:${classColour(Math.max(0, classes.indexOf(name)))}` }),
                        h("span", { class: "wb-name" }, name),
                        h("span", { class: "wb-count" }, shareInWords(share)),
                    ),
                ),
            );
            list.classList.toggle("wb-box-none", !shares.length && !problem);
            if (problem) list.replaceChildren(h("p", { class: "wb-mask-problem" }, problem));
            told.textContent = shares.map(([name, share]) => `${name} ${shareInWords(share)}`).join(", ");
        },
        destroy() {
            element.remove();
        },
    };
}

/** @param {number} share */
function shareInWords(share) {
    return share < 0.001 ? "< 0.1 %" : `${(100 * share).toFixed(1)} %`;
}
