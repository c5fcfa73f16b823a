// @ts-check
/** The right-hand side: classes with their keys, a way to add one, and why this image. */

import { h, icon } from "./dom.js";

// Okabe and Ito's palette, told apart by colour-blind eyes; beyond eight, it begins anew.
const COLOURS = ["#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#0072b2", "#d55e00", "#f0e442", "#999"];
const FLASH = 220; // ms

/**
 * The key that stands for each class: its own name where that is a digit, else the first free one
 * of 1 to 9 and 0; none where they are used up.
 *
 * @param {string[]} classes
 */
export function keysOf(classes) {
    const free = [..."1234567890"].filter((key) => !classes.includes(key));
    return classes.map((name) => (/^[0-9]$/.test(name) ? name : (free.shift() ?? "")));
}

/**
 * @param {HTMLElement} parent
 * @param {{ choose: (label: string) => void, add: (name: string) => void, leave: () => void }} on
 */
export function createPanel(parent, on) {
    const list = h("div", { class: "wb-classes", role: "group", "aria-label": "Classes" });
    const input = /** @type {HTMLInputElement} */ (
        h("input", {
            class: "wb-new-class",
            type: "text",
            maxlength: 200,
            placeholder: "name of the class, Enter",
            "aria-label": "Name of the new class",
            hidden: "",
            onkeydown: onInputKey,
            onblur: () => showInput(false),
        })
    );
    const adder = h(
        "button",
        { class: "wb-add", type: "button", tabindex: -1, title: "Add a class (n)", onclick: () => showInput(true) },
        icon("plus"),
        h("span", {}, "class"),
        h("kbd", {}, "n"),
    );
    const reason = h("p", { class: "wb-reason" });
    const heat = h("p", { class: "wb-heat-note" });
    const why = h("div", { class: "wb-why" }, h("h4", {}, "Why this image"), reason, heat);
    parent.append(h("h4", {}, "Classes"), list, adder, input, why);

    /** @param {boolean} shown */
    function showInput(shown) {
        input.hidden = !shown;
        adder.hidden = shown;
        if (shown) input.focus();
        else input.value = "";
    }

    /** @param {KeyboardEvent} event */
    function onInputKey(event) {
        event.stopPropagation();
        const name = input.value.trim();
        if (event.key === "Enter" && name) on.add(name);
        if (event.key === "Enter" || event.key === "Escape") {
            event.preventDefault();
            showInput(false);
            on.leave();
        }
    }

    return {
        askForClass: () => showInput(true),

        /**
         * @param {string[]} classes
         * @param {Record<string, number>} counts
         * @param {string | null} chosen label that the image on screen has already
         */
        showClasses(classes, counts, chosen) {
            const keys = keysOf(classes);
            const rows = classes.map((name, index) =>
                h(
                    "button",
                    {
                        class: name === chosen ? "wb-class wb-chosen" : "wb-class",
                        type: "button",
                        tabindex: -1, // the keys do it; focus stays where they are heard
                        title: keys[index] ? `Label as ${name} (${keys[index]})` : `Label as ${name}`,
                        "aria-keyshortcuts": keys[index] || false,
                        onclick: () => on.choose(name),
                    },
                    swatch(index),
                    h("span", { class: "wb-name" }, name),
                    h("span", { class: "wb-count" }, String(counts[name] ?? 0)),
                    keys[index] ? h("kbd", {}, keys[index]) : "",
                ),
            );
            list.replaceChildren(...rows);
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
    return h("span", { class: "wb-swatch", style: `background:${COLOURS[index % COLOURS.length]}` });
}
