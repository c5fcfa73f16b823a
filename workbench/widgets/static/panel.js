// @ts-check
/** The right-hand side: the classes, a field to add or find one, notes, and why this image. */

import { createClassList } from "./classlist.js";
import { createDone } from "./done.js";
import { h, icon } from "./dom.js";
import { classesOf } from "./values.js";

/**
 * @param {HTMLElement} parent
 * @param {{ choose: (name: string) => void, act: (action: string) => void, add: (name: string) => void,
 *           leave: () => void, note: (text: string) => void, examples: (samples: string[]) => void }} on
 * @param {ReturnType<typeof import("./keymap.js").createKeymap>} keymap
 */
export function createPanel(parent, on, keymap) {
    const list = createClassList(keymap, {
        choose: on.choose,
        point(name) {
            pointed = name;
            showGuideline();
        },
    });
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
    const done = createDone(keymap, on.act);
    const slot = h("div", { class: "wb-slot" });
    parent.append(h("h4", {}, "Classes"), list.element, adder, input, done.element, slot, guide, note, written, why, foot);
    /** @type {Record<string, { text: string, examples: string[] }>} */
    let guidelines = {};
    /** @type {"add" | "find" | ""} what the field is open for */
    let purpose = "";
    /** @type {string[]} */
    let names = [];
    let pointed = ""; // the class that the pointer is on
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
        list.narrow(purpose === "find" ? found() : null);
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

    function showGuideline() {
        const name = names.includes(pointed) ? pointed : read;
        const { text = "", examples = [] } = guidelines[name] ?? {};
        guide.hidden = !text && !examples.length;
        guideText.textContent = text;
        guide.title = `Guideline of ${name}`;
        on.examples(examples);
    }

    return {
        foot,
        slot,
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
        reveal: list.reveal,
        /** @param {string} text */
        showNote(text) {
            written.textContent = text;
            written.hidden = !text;
        },
        /** @param {Record<string, { text: string, examples: string[] }>} all by class */
        setGuidelines(all) {
            guidelines = all;
        },

        /** @param {import("./classlist.js").ClassView} view */
        showClasses(view) {
            names = view.classes;
            read = classesOf(view.suggestion?.label ?? view.label)[0] ?? "";
            showGuideline();
            parent.classList.toggle("wb-ticking", view.ticked !== null);
            list.show(view);
            done.show(view);
            const key = keymap.key("newClass");
            adder.title = `Add a class (${key})`;
            /** @type {HTMLElement} */ (adder.lastElementChild).textContent = key;
            narrow();
        },

        /** @param {import("./values.js").Label} label that was just given */
        flash(label) {
            list.flash(classesOf(label));
            done.flash();
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
