// @ts-check
/** The right-hand side: classes with their keys, what the model suggests, and why this image. */

import { h, icon } from "./dom.js";
import { classColour } from "./palette.js";

/** @typedef {import("./worklist.js").Suggestion} Suggestion */

const FLASH = 220; // ms

/**
 * @param {HTMLElement} parent
 * @param {{ choose: (label: string) => void, add: (name: string) => void, leave: () => void }} on
 * @param {ReturnType<typeof import("./keymap.js").createKeymap>} keymap
 */
export function createPanel(parent, on, keymap) {
    const list = h("div", { class: "wb-classes", role: "group", "aria-label": "Classes" });
    const input = /** @type {HTMLInputElement} */ (
        h("input", {
            class: "wb-new-class",
            type: "text",
            maxlength: 200,
            hidden: "",
            onkeydown: onInputKey,
            oninput: narrow,
            onblur: () => close(),
        })
    );
    const adder = h(
        "button",
        { class: "wb-add", type: "button", tabindex: -1, onclick: () => open("add") },
        icon("plus"),
        h("span", {}, "class"),
        h("kbd", {}),
    );
    const reason = h("p", { class: "wb-reason" });
    const heat = h("p", { class: "wb-heat-note" });
    const why = h("div", { class: "wb-why" }, h("h4", {}, "Why this image"), reason, heat);
    const foot = h("div", { class: "wb-foot" });
    parent.append(h("h4", {}, "Classes"), list, adder, input, why, foot);
    /** @type {"add" | "find" | ""} what the field is open for */
    let purpose = "";
    /** @type {string[]} */
    let names = [];

    /** @param {"add" | "find"} what */
    function open(what) {
        purpose = what;
        const text = what === "add" ? "Name of the new class" : "Part of a class's name";
        input.placeholder = `${text}, Enter`;
        input.setAttribute("aria-label", text);
        input.hidden = false;
        adder.hidden = true;
        input.focus();
    }

    function close() {
        purpose = "";
        input.value = "";
        input.hidden = true;
        adder.hidden = false;
        narrow();
    }

    /** Classes whose name holds what was typed; those that begin with it come first. */
    function found() {
        const part = input.value.trim().toLowerCase();
        const holding = names.filter((name) => name.toLowerCase().includes(part));
        const first = holding.filter((name) => name.toLowerCase().startsWith(part));
        return [...first, ...holding.filter((name) => !first.includes(name))];
    }

    function narrow() {
        const hits = purpose === "find" ? found() : names;
        [...list.children].forEach((row, index) => {
            /** @type {HTMLElement} */ (row).hidden = !hits.includes(names[index]);
            row.classList.toggle("wb-hit", purpose === "find" && hits[0] === names[index]);
        });
    }

    /** @param {KeyboardEvent} event */
    function onInputKey(event) {
        event.stopPropagation();
        if (event.key !== "Enter" && event.key !== "Escape") return;
        event.preventDefault();
        const name = input.value.trim();
        const [hit] = found();
        const what = event.key === "Enter" && name ? purpose : "";
        close();
        on.leave();
        if (what === "add") on.add(name);
        if (what === "find" && hit) on.choose(hit);
    }

    return {
        foot,
        why,
        askForClass: () => open("add"),
        findClass: () => open("find"),

        /**
         * @param {string[]} classes
         * @param {Record<string, number>} counts
         * @param {string | null} chosen label that the image on screen has already
         * @param {Suggestion | null} suggestion
         * @param {boolean} reviewing whether the label that it has can be kept
         */
        showClasses(classes, counts, chosen, suggestion, reviewing) {
            names = classes;
            const keys = keymap.classKeys(classes);
            const rows = classes.map((name, index) => {
                const key = keys[index];
                const suggested = suggestion?.label === name;
                const share = suggestion?.scores[name] ?? 0;
                const percent = `${Math.round(100 * share)} %`;
                const title = `Label as ${name}${key ? ` (${key})` : ""}`;
                return h(
                    "button",
                    {
                        class: `wb-class${name === chosen ? " wb-chosen" : ""}${suggested ? " wb-suggested" : ""}`,
                        type: "button",
                        tabindex: -1, // the keys do it; focus stays where they are heard
                        title: share ? `${title}; the model says ${percent}` : title,
                        "aria-keyshortcuts": key || false,
                        style: share ? `--wb-share:${(100 * share).toFixed(1)}%` : false,
                        onclick: () => on.choose(name),
                    },
                    swatch(index),
                    h("span", { class: "wb-name" }, name),
                    share >= 0.005 ? h("span", { class: "wb-share" }, percent) : "",
                    h("span", { class: "wb-count", title: "labels so far" }, String(counts[name] ?? 0)),
                    suggested ? h("kbd", {}, keymap.key("accept")) : "",
                    reviewing && name === chosen ? h("kbd", { title: "Keep this label" }, keymap.key("keep")) : "",
                    key ? h("kbd", {}, key) : "",
                );
            });
            list.replaceChildren(...rows);
            const key = keymap.key("newClass");
            adder.title = `Add a class (${key})`;
            /** @type {HTMLElement} */ (adder.lastElementChild).textContent = key;
            narrow();
        },

        /** @param {number} index of the class that was just given */
        flash(index) {
            const row = list.children[index];
            row?.classList.add("wb-flash");
            setTimeout(() => row?.classList.remove("wb-flash"), FLASH);
        },

        /**
         * @param {string} text
         * @param {string} note
         */
        showReason(text, note) {
            why.hidden = !text && !note;
            reason.textContent = text;
            heat.textContent = note;
        },
    };
}

/** @param {number} index */
function swatch(index) {
    return h("span", { class: "wb-swatch", style: `background:${classColour(index)}` });
}
