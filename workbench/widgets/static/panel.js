// @ts-check
/** The right-hand side: classes with their keys, what the model suggests, and why this image. */

import { h, icon } from "./dom.js";
import { classColour } from "./palette.js";

/** @typedef {import("./worklist.js").Suggestion} Suggestion */

const FLASH = 220; // ms

/**
 * @param {HTMLElement} parent
 * @param {{ choose: (label: string) => void, add: (name: string) => void, leave: () => void,
 *           note: (text: string) => void, examples: (samples: string[]) => void }} on
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
    const guideText = h("p", {});
    const guide = h("div", { class: "wb-guide", hidden: "" }, guideText);
    const note = /** @type {HTMLTextAreaElement} */ (
        h("textarea", {
            class: "wb-new-note",
            maxlength: 10_000,
            rows: 3,
            hidden: "",
            placeholder: "note, Enter keeps it",
            "aria-label": "Note on this image",
            onkeydown: onNoteKey,
            onblur: () => (note.hidden = true),
        })
    );
    const written = h("p", { class: "wb-note", title: "Note on this image" });
    const reason = h("p", { class: "wb-reason" });
    const heat = h("p", { class: "wb-heat-note" });
    const why = h("div", { class: "wb-why" }, h("h4", {}, "Why this image"), reason, heat);
    const foot = h("div", { class: "wb-foot" });
    parent.append(h("h4", {}, "Classes"), list, adder, input, guide, note, written, why, foot);
    /** @type {Record<string, { text: string, examples: string[] }>} */
    let guidelines = {};
    /** @type {"add" | "find" | ""} what the field is open for */
    let purpose = "";
    /** @type {string[]} */
    let names = [];
    let read = ""; // the class whose guideline is shown while the pointer is on none

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

    /** @param {KeyboardEvent} event */
    function onNoteKey(event) {
        event.stopPropagation();
        const kept = event.key === "Enter" && !event.shiftKey;
        if (!kept && event.key !== "Escape") return;
        event.preventDefault();
        const text = note.value.trim();
        on.leave(); // hides the field
        if (kept) on.note(text);
    }

    /** @param {string} name of the class whose guideline is to be read */
    function showGuideline(name) {
        const { text = "", examples = [] } = guidelines[name] ?? {};
        guide.hidden = !text && !examples.length;
        guideText.textContent = text;
        guide.title = `Guideline of ${name}`;
        on.examples(examples);
    }

    return {
        foot,
        why,
        guide,
        askForClass: () => open("add"),
        findClass: () => open("find"),
        /** @param {string} text the note as it is */
        askForNote(text) {
            note.value = text;
            note.hidden = false;
            note.focus();
        },
        /** @param {string} text */
        showNote(text) {
            written.textContent = text;
            written.hidden = !text;
        },
        /** @param {Record<string, { text: string, examples: string[] }>} all by class */
        setGuidelines(all) {
            guidelines = all;
        },

        /**
         * @param {string[]} classes
         * @param {Record<string, number>} counts
         * @param {string | null} chosen label that the image on screen has already
         * @param {Suggestion | null} suggestion
         * @param {boolean} reviewing whether the label that it has can be kept
         */
        showClasses(classes, counts, chosen, suggestion, reviewing) {
            names = classes;
            read = suggestion?.label ?? chosen ?? "";
            showGuideline(read);
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
                        onpointerenter: () => showGuideline(name),
                        onpointerleave: () => showGuideline(read),
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
