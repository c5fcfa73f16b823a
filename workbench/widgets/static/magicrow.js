// @ts-check
/** The magic tools in the panel: a button each, with those of the user's own. */

import { h } from "./dom.js";
import { spelled } from "./keymap.js";

/** @type {readonly { action: string, kind: string, name: string, title: string }[]} */
export const MAGIC_TOOLS = Object.freeze([
    { action: "magicRegion", kind: "region", name: "Region", title: "Click: what is of this colour. Drag right for more of it, left for less" },
    { action: "magicBox", kind: "boxed", name: "Object", title: "Drag a box around an object" },
    { action: "magicEdges", kind: "scissors", name: "Edges", title: "Click around an object: the line follows its edges. Enter closes it" },
    { action: "magicPatches", kind: "patches", name: "Patches", title: "Drag over the patches that are meant" },
    { action: "magicAnything", kind: "anything", name: "SAM", title: "Segment Anything: click on an object, Alt and click beside it; Enter takes it" },
]);

const BY_HAND = Object.freeze([
    { action: "byHand", kind: "", name: "Hand", title: "Draw outlines by hand" },
    { action: "outlineBrush", kind: "brush", name: "Brush", title: "Paint: where it touches the selected object, it joins it; with Alt it rubs out" },
]);

/**
 * @param {ReturnType<typeof import("./keymap.js").createKeymap>} keymap
 * @param {{ act: (action: string) => void, own: (tool: string) => void }} on `own`: a tool of the user's is chosen
 */
export function createMagicRow(keymap, on) {
    const element = h("div", { class: "wb-kinds wb-magic", role: "group", "aria-label": "Magic tools" });
    let drawn = "";

    return {
        element,
        /**
         * @param {string} kind of the tool in use; empty for none
         * @param {string[]} own names of the user's tools
         */
        show(kind, own) {
            const state = [kind, ...own, ...[...BY_HAND, ...MAGIC_TOOLS].map(({ action }) => keymap.key(action))].join();
            if (state === drawn) return;
            drawn = state;
            const hand = keymap.task === "instances" ? BY_HAND : []; // masks have their own
            const standing = [...hand, ...MAGIC_TOOLS].map((tool) =>
                button(tool.name, tool.title, tool.kind === kind, keymap.key(tool.action), () => on.act(tool.action)),
            );
            const theirs = own.map((name, place) =>
                button(name, `Your own tool ${name}`, name === kind, place ? "" : keymap.key("magicOwn"), () => on.own(name)),
            );
            element.replaceChildren(...standing, ...theirs);
        },
    };
}

/**
 * @param {string} name
 * @param {string} title
 * @param {boolean} chosen
 * @param {string} key
 * @param {() => void} onclick
 */
function button(name, title, chosen, key, onclick) {
    const about = { class: "wb-kind", type: "button", tabindex: -1, title, "aria-pressed": String(chosen), "aria-keyshortcuts": key || false, onclick };
    return h("button", about, h("span", {}, name), key ? h("kbd", {}, spelled(key).replace("Shift+", "⇧")) : "");
}
