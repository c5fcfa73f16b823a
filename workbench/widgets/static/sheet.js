// @ts-check
/** The sheet of keys that `?` shows over the stage; a click on a key changes it. */

import { h } from "./dom.js";
import { spelled, strokeOf } from "./keymap.js";

const DIGIT = /^[0-9]$/;
/** @type {Record<string, string>} */
const DIGITS = Object.freeze({
    classification: "Digits label.",
    multilabel: "Digits tick and untick.",
    detection: "Digits set the box's class. Drag draws, moves and resizes; with Alt nothing snaps; Space and drag, or two fingers, pan.",
    segmentation: "Digits set the class to paint. A drag paints, with Alt it rubs out; Space and drag, or two fingers, pan.",
    keypoints: "Digits set the object's class. Clicks set its points one by one, with Shift occluded ones; the last one or Enter makes the object. Points can be dragged, Shift and a click on one tells whether it is occluded; Space and drag, or two fingers, pan.",
    instances: "Digits set the object's class. Clicks set points, a drag draws freehand; the first point, Enter or a double click closes. Points can be dragged, Alt and a click takes one out; Space and drag, or two fingers, pan.",
});

/**
 * @param {HTMLElement} parent
 * @param {ReturnType<typeof import("./keymap.js").createKeymap>} keymap
 * @param {{ changed: () => void, reset: () => void, closed: () => void }} on
 */
export function createSheet(parent, keymap, on) {
    const hint = h("p", { class: "wb-sheet-hint", role: "status" });
    const groups = h("div", { class: "wb-groups" });
    const reset = h("button", { type: "button", class: "wb-plain", onclick: restore }, "As they were");
    const close = h("button", { type: "button", class: "wb-plain", onclick: hide }, "Close");
    const sheet = h(
        "section",
        { class: "wb-sheet", role: "region", "aria-label": "Keys", hidden: "", onkeydown: onKey },
        h("h4", {}, "Keys"),
        groups,
        hint,
        h("div", { class: "wb-sheet-foot" }, reset, close),
    );
    parent.append(sheet);
    let waiting = ""; // the action whose key is being changed

    function draw() {
        const names = [...new Set(keymap.actions.map(keymap.groupOf))];
        groups.replaceChildren(...names.map(drawGroup));
        hint.textContent = waiting
            ? "Press the new key; Esc leaves it as it is."
            : `${DIGITS[keymap.task] ?? DIGITS.classification} Click on a key to change it; changes stay in this browser.`;
    }

    /** @param {string} name */
    function drawGroup(name) {
        const rows = keymap.actions.filter((action) => keymap.groupOf(action) === name).map(drawRow);
        return h("div", { class: "wb-group" }, h("h4", {}, name), ...rows);
    }

    /** @param {import("./keymap.js").Action} action */
    function drawRow(action) {
        const title = keymap.titleOf(action);
        const key = spelled(keymap.key(action.name));
        const asked = waiting === action.name;
        const button = h(
            "button",
            {
                type: "button",
                class: asked ? "wb-key wb-key-waiting" : "wb-key",
                "aria-label": `${title}: ${key}, change`,
                onclick: () => ask(action.name),
            },
            asked ? "press" : key,
        );
        return h("div", { class: "wb-key-row" }, h("span", {}, title), button);
    }

    /** @param {string} name */
    function ask(name) {
        waiting = name;
        draw();
        sheet.focus();
    }

    /** @param {KeyboardEvent} event */
    function onKey(event) {
        const stroke = strokeOf(event);
        if (!waiting) {
            // Tab walks through the buttons, Space and Enter press them.
            if (stroke === "Escape" || stroke === keymap.key("help")) {
                event.preventDefault();
                hide();
            }
            if (stroke !== "Tab" && stroke !== "Shift+Tab") event.stopPropagation();
            return;
        }
        event.preventDefault();
        event.stopPropagation();
        if (!stroke || stroke === "Tab") return;
        if (DIGIT.test(stroke)) {
            hint.textContent = "Digits are for the classes: press another key.";
            return;
        }
        if (stroke !== "Escape") {
            keymap.assign(waiting, stroke);
            on.changed();
        }
        waiting = "";
        draw();
    }

    function restore() {
        waiting = "";
        on.reset();
        draw();
    }

    function hide() {
        waiting = "";
        sheet.hidden = true;
        on.closed();
    }

    sheet.tabIndex = -1;
    return {
        get shown() {
            return !sheet.hidden;
        },
        toggle() {
            if (!sheet.hidden) return hide();
            draw();
            sheet.hidden = false;
            sheet.focus({ preventScroll: true });
        },
    };
}
