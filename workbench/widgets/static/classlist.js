// @ts-check
/**
 * The classes with their keys and what the model says of each. In classification a row labels the
 * image, in multi-label it is a box to tick.
 *
 * @typedef {import("./values.js").Label} Label
 * @typedef {{ classes: string[], counts: Record<string, number>, label: Label | null,
 *             suggestion: import("./queue.js").Suggestion | null, reviewing: boolean,
 *             ticked: string[] | null, shown: boolean }} ClassView
 *     `label`: the one that the image on screen has already; `reviewing`: it can be kept; `ticked`:
 *     null in classification; `shown`: there is something that the classes would be for
 */

import { h, icon } from "./dom.js";
import { draws, worded } from "./drawing.js";
import { classColour } from "./palette.js";
import { classesOf } from "./values.js";

const FLASH = 220; // ms
const LEAST_SHARE = 0.005; // below, no percentage is written

/**
 * @param {ReturnType<typeof import("./keymap.js").createKeymap>} keymap
 * @param {{ choose: (name: string) => void, point: (name: string) => void }} on `point`: the pointer
 *     is on a class now, or on none
 */
export function createClassList(keymap, on) {
    const element = h("div", {
        class: "wb-classes",
        role: "group",
        "aria-label": "Classes",
        // Heard here, because rows are replaced under a resting pointer, and those never see it leave.
        onpointerover: onPointerOver,
        onpointerleave: () => on.point(""),
    });
    /** @type {string[]} */
    let names = [];
    /** @type {Set<string>} classes that were just given */
    let lit = new Set();
    let timer = 0;
    let drawn = "";
    const keeps = () => keymap.actions.some(({ name }) => name === "keep");

    /**
     * @param {ClassView} view
     * @param {string} name
     * @param {number} index
     * @param {string} key
     */
    function draw(view, name, index, key) {
        const { suggestion, reviewing, ticked } = view;
        const suggested = classesOf(suggestion?.label).includes(name);
        const chosen = classesOf(view.label).includes(name);
        const share = suggestion?.scores[name] ?? 0;
        const percent = `${Math.round(100 * share)} %`;
        const title = `${ticked ? "Tick" : draws(keymap.task) ? `${worded(keymap.task, "Boxes")} of class` : "Label as"} ${name}${key ? ` (${key})` : ""}`;
        const row = h(
            "button",
            {
                class: `wb-class${chosen ? " wb-chosen" : ""}${suggested ? " wb-suggested" : ""}`,
                type: "button",
                tabindex: -1, // the keys do it; focus stays where they are heard
                title: share ? `${title}; the model says ${percent}` : title,
                "aria-keyshortcuts": key || false,
                style: share ? `--wb-share:${(100 * share).toFixed(1)}%` : false,
                onclick: () => on.choose(name),
            },
            ticked ? tickBox(index) : swatch(index),
            ticked ? change(view, chosen, suggested) : "",
            h("span", { class: "wb-name" }, name),
            share >= LEAST_SHARE ? h("span", { class: "wb-share" }, percent) : "",
            h("span", { class: "wb-count", title: "labels so far" }, String(view.counts[name] ?? 0)),
            !ticked && suggested ? h("kbd", {}, keymap.key("accept")) : "",
            !ticked && reviewing && chosen && keeps() ? h("kbd", { title: "Keep this label" }, keymap.key("keep")) : "",
            key ? h("kbd", {}, key) : "",
        );
        if (ticked) {
            row.setAttribute("role", "checkbox");
            row.setAttribute("aria-checked", String(ticked.includes(name)));
        }
        return row;
    }

    /** @param {PointerEvent} event */
    function onPointerOver({ target }) {
        const at = [...element.children].findIndex((row) => row.contains(/** @type {Node} */ (target)));
        on.point(names[at] ?? "");
    }

    function light() {
        [...element.children].forEach((row, index) => row.classList.toggle("wb-flash", lit.has(names[index])));
    }

    return {
        element,

        /** @param {string} name of a class that is to be in sight, without moving the page around it */
        reveal(name) {
            const row = /** @type {HTMLElement | undefined} */ (element.children[names.indexOf(name)]);
            if (!row) return;
            const [list, own] = [element.getBoundingClientRect(), row.getBoundingClientRect()];
            element.scrollTop += Math.min(0, own.top - list.top) + Math.max(0, own.bottom - list.bottom);
        },

        /** @param {ClassView} view */
        show(view) {
            const keys = keymap.classKeys(view.classes);
            const state = JSON.stringify([view, keys, keymap.key("accept"), keymap.key("keep")]);
            if (state === drawn) return; // a row that a pointer is just pressing must not be replaced
            drawn = state;
            names = view.classes;
            element.replaceChildren(...names.map((name, index) => draw(view, name, index, keys[index])));
            light();
        },

        /** @param {string[]} given classes that were just given */
        flash(given) {
            lit = new Set(given);
            light();
            clearTimeout(timer);
            timer = setTimeout(() => {
                lit = new Set();
                light();
            }, FLASH);
        },

        /** @param {string[] | null} hits classes to show, the first of them marked; null shows all */
        narrow(hits) {
            [...element.children].forEach((row, index) => {
                /** @type {HTMLElement} */ (row).hidden = hits !== null && !hits.includes(names[index]);
                row.classList.toggle("wb-hit", hits !== null && hits[0] === names[index]);
            });
        },
    };
}

/**
 * What the model would change about the label that the image has.
 *
 * @param {ClassView} view
 * @param {boolean} chosen whether the label has the class
 * @param {boolean} suggested whether the suggestion has it
 */
function change({ label, suggestion, reviewing }, chosen, suggested) {
    const differs = label != null && suggestion && chosen !== suggested;
    if (!differs) return reviewing ? h("span", { class: "wb-change" }) : ""; // names stay in their column
    const title = suggested ? "newly suggested: the label lacks it" : "would go: only the label has it";
    return h("span", { class: "wb-change", title, "aria-label": title }, suggested ? "+" : "−");
}

/** @param {number} index */
function swatch(index) {
    return h("span", { class: "wb-swatch", style: `background:${classColour(index)}` });
}

/** @param {number} index */
function tickBox(index) {
    return h("span", { class: "wb-tick", style: `--wb-class:${classColour(index)}` }, icon("tick"));
}
