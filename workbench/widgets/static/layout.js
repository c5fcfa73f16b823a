// @ts-check
/** The frame of the labelling widget, and what stands in it where there is no picture. */

import { h, icon } from "./dom.js";
import { spelled } from "./keymap.js";

/** @typedef {ReturnType<typeof import("./keymap.js").createKeymap>} Keymap */

/** @type {readonly [name: string, icon: any, title: string][]} */
const TOOLS = Object.freeze([
    ["skip", "skip", "Skip this image"],
    ["grid", "grid", "Many images at once"],
    ["fit", "fit", "Fit the image"],
    ["zoomIn", "zoomIn", "Zoom in"],
    ["brighter", "light", "Brighter"],
    ["newBox", "box", "A new box"],
    ["repeatBoxes", "repeat", "The last image's boxes again"],
    ["opacity", "layers", "Boxes stronger, fainter, away"],
    ["crosshair", "cross", "Crosshair"],
    ["heat", "heat", "Show what the model looks at"],
    ["instant", "instant", "Let the model learn as you label"],
]);
const SETTINGS = ["grid", "instant", "opacity", "crosshair"]; // of use without an image, too
const LOWER_TOOLS = /** @type {const} */ ([
    ["help", "help", "Show the keys"],
    ["redo", "redo", "Redo"],
    ["undo", "undo", "Undo"],
]);

const ENDS = Object.freeze({
    queue: {
        empty: "Nothing is queued",
        then: "bench.pick(50) queues the next batch",
        done: "Batch done",
        next: "Next: bench.evaluate() shows where you are, bench.pick(50) queues the next batch",
    },
    review: {
        empty: "No label is in doubt",
        then: "bench.label(review=\"suspects\", count=50) shows the 50 most doubtful ones all the same",
        done: "Review done",
        next: "Next: bench.evaluate() shows what it brought; bench.suspects() lists what is in doubt now",
    },
});

/**
 * @param {HTMLElement} el
 * @param {number} height in CSS pixels
 * @param {Keymap} keymap
 * @param {(name: string) => void} act
 */
export function layOut(el, height, keymap, act) {
    /** @type {Record<string, HTMLElement>} */
    const tools = {};
    for (const [name, picture, title] of [...TOOLS, ...LOWER_TOOLS])
        tools[name] = h(
            "button",
            {
                class: "wb-tool",
                type: "button",
                tabindex: -1,
                "aria-label": title,
                "data-title": title,
                onclick: () => act(name),
            },
            icon(picture),
            h("kbd", {}),
        );
    for (const name of ["grid", "heat", "instant"]) tools[name].setAttribute("aria-pressed", "false");
    const overlay = h("div", { class: "wb-overlay" });
    const stage = h("div", { class: "wb-stage" }, overlay);
    const panel = h("div", { class: "wb-panel" });
    const bar = h("div", { class: "wb-bar" });
    const root = h(
        "div",
        {
            class: "wb-label",
            tabindex: 0,
            role: "application",
            "data-lm-suppress-shortcuts": "true", // JupyterLab's own keys stay out
            style: `height:${height}px`,
        },
        h(
            "div",
            { class: "wb-tools" },
            ...TOOLS.map(([name]) => tools[name]),
            h("span", { class: "wb-spring" }),
            ...LOWER_TOOLS.map(([name]) => tools[name]),
        ),
        stage,
        panel,
        bar,
    );
    el.append(root);

    /** Show the tools that the task has, with the keys as they are now. */
    function nameKeys() {
        for (const [name, tool] of Object.entries(tools)) {
            const key = spelled(keymap.key(name));
            tool.hidden = !keymap.actions.some((action) => action.name === name);
            tool.title = `${tool.dataset.title} (${key})`;
            tool.setAttribute("aria-keyshortcuts", keymap.key(name));
            /** @type {HTMLElement} */ (tool.lastElementChild).textContent = key.replace("Shift+", "⇧");
        }
        const [done, skip, undo, help] = ["accept", "skip", "undo", "help"].map((name) => spelled(keymap.key(name)));
        /** @type {Record<string, string>} */
        const digits = {
            classification: "choose the class",
            multilabel: `tick classes, ${done} is done with the image`,
            detection: `set the class of boxes, ${keymap.key("next")} goes from box to box, ${done} is done with the image`,
            segmentation: `set the class to paint, ${keymap.key("pressBrush")} takes the brush, Shift and arrows paint, ${done} is done with the image`,
            keypoints: `set the class of objects, ${keymap.key("next")} goes from point to point, ${keymap.key("newBox")} and arrows set points, ${done} is done with the object, then with the image`,
            instances: `set the class of objects, ${keymap.key("next")} goes from one to the next, ${done} closes an outline and is done with the image`,
        };
        root.setAttribute(
            "aria-label",
            `Label images: number keys ${digits[keymap.task]}, ${skip} skips, ${undo} undoes, ${help} shows all keys, Escape leaves`,
        );
    }
    nameKeys();

    /** @param {boolean} shown whether there is an image that the tools are for */
    function enable(shown) {
        for (const [name] of TOOLS) if (!SETTINGS.includes(name)) tools[name].toggleAttribute("disabled", !shown);
    }
    return { root, stage, overlay, panel, bar, tools, nameKeys, enable };
}

/**
 * What stands in the viewport where there is no picture to show.
 *
 * @param {boolean} loaded
 * @param {string} mode
 * @param {import("./worklist.js").Item | null} item
 * @param {import("./images.js").Picture | null | undefined} picture
 * @param {{ done: number, left: number }} work
 * @param {number | null} each seconds a label
 * @param {string} skip the key that skips
 * @returns {HTMLElement[]}
 */
export function overlay(loaded, mode, item, picture, work, each, skip) {
    if (!loaded) return [h("p", {}, "Waiting for the kernel")];
    if (item && !picture) return [h("p", { class: "wb-late" }, "Loading")];
    if (item && picture?.error)
        return [h("strong", {}, "This image cannot be shown"), h("p", {}, picture.error), h("p", {}, `${skip} skips it`)];
    if (item) return [];
    const words = ENDS[/** @type {"queue"} */ (mode)];
    if (!work.done) return [h("strong", {}, words.empty), h("p", {}, words.then)];
    const pace = each === null ? "" : `, ${each.toFixed(1)} s each`;
    return [
        h("strong", {}, `${words.done}: ${work.done} ${work.done === 1 ? "image" : "images"}${pace}`),
        h("p", {}, words.next),
    ];
}

/**
 * The image in words, for the line below.
 *
 * @param {import("./worklist.js").Item} item
 * @param {import("./images.js").Picture | null | undefined} picture
 * @param {{ fitted: boolean, view: { scale: number } }} viewport
 */
export function describe(item, picture, viewport) {
    if (!picture?.width) return item.name;
    const zoom = viewport.fitted ? "" : ` · ${Math.round(100 * viewport.view.scale)} %`;
    // What is seen is not quite what the file holds.
    const stretched = picture.stretched ? " · brightness stretched" : "";
    const alpha = picture.alpha ? " · transparent parts shown white" : "";
    return `${item.name} · ${picture.width} × ${picture.height}${zoom}${stretched}${alpha}`;
}
