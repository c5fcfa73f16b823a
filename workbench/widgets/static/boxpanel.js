// @ts-check
/**
 * The boxes of the image in the panel: how many of which class, what is suggested, a list of them,
 * and the attributes of the selected one.
 *
 * @typedef {import("./boxgeometry.js").PlainBox} PlainBox
 */

import { createAttributes } from "./attributes.js";
import { h } from "./dom.js";
import { worded } from "./drawing.js";
import { spelled } from "./keymap.js";
import { createMagicRow } from "./magicrow.js";
import { classColour } from "./palette.js";

const ROW = 24; // CSS px; only rows in sight are in the document, however many boxes there are

/**
 * @param {HTMLElement} parent
 * @param {ReturnType<typeof import("./boxmodel.js").createBoxModel>} model
 * @param {ReturnType<typeof import("./keymap.js").createKeymap>} keymap
 * @param {{ select: (box: PlainBox) => void, point: (box: PlainBox | null) => void, act: (action: string) => void, own: (tool: string) => void,
 *           only: (name: string) => void, threshold: (next: number) => void, leave: () => void,
 *           attributed: (box: PlainBox, attributes: Record<string, any>) => void }} on
 */
export function createBoxPanel(parent, model, keymap, on) {
    const words = (/** @type {string} */ said) => worded(keymap.task, said);
    const filter = /** @type {HTMLSelectElement} */ (
        h("select", {
            class: "wb-box-filter",
            tabindex: -1,
            "aria-label": words("Boxes of which class are shown"),
            onkeydown: (/** @type {KeyboardEvent} */ event) => event.stopPropagation(),
            onchange: () => {
                on.only(filter.value);
                on.leave();
            },
        })
    );
    const head = h("div", { class: "wb-box-head" }, h("h4", {}, words("Boxes")), filter);
    const told = h("p", { class: "wb-box-told", role: "status" });
    const count = h("span", { class: "wb-name" });
    const all = row("acceptGhosts", count, "accept all");
    const one = row("acceptGhost", h("span", { class: "wb-name" }, "this one"), "accept");
    const slider = /** @type {HTMLInputElement} */ (
        h("input", {
            type: "range",
            min: 1,
            max: 99,
            tabindex: -1,
            "aria-label": "Least confidence of what is suggested",
            onkeydown: (/** @type {KeyboardEvent} */ event) => event.stopPropagation(),
            oninput: () => on.threshold(Number(slider.value) / 100),
            onchange: on.leave,
        })
    );
    const from = h("output", {});
    const by = h("h4", {});
    const least = h("label", { class: "wb-ghost-from" }, "from", slider, from);
    const suggested = h("div", { class: "wb-ghosts" }, by, all, one, least);
    const sheet = h("div", { class: "wb-box-sheet" });
    const list = h(
        "div",
        {
            class: "wb-box-list",
            role: "listbox",
            "aria-label": words("Boxes of the image"),
            "data-empty": keymap.task === "detection" ? "none yet: drag on the image" : "none yet: click on the image",
            onscroll: () => drawRows(),
            onpointerleave: () => on.point(null),
        },
        sheet,
    );
    const attributes = createAttributes({ changed: on.attributed, leave: on.leave });
    const magic = createMagicRow(keymap, { act: on.act, own: on.own });
    magic.element.hidden = keymap.task !== "instances";
    const element = h("div", { class: "wb-box-panel" }, magic.element, suggested, head, list, attributes.element, told);
    parent.append(element);
    /** @type {PlainBox[]} */
    let rows = [];
    /** @type {string[]} */
    let classes = [];
    let drawn = "";
    let listed = -1;

    /**
     * @param {string} action
     * @param {HTMLElement} what
     * @param {string} word
     */
    function row(action, what, word) {
        const properties = { class: "wb-ghost-row", type: "button", tabindex: -1, onclick: () => on.act(action) };
        return h("button", properties, what, h("span", { class: "wb-count" }, word), h("kbd", {}));
    }

    /** @param {PlainBox} box */
    function sizeOf({ width, height, angle, points }) {
        if (points) return `${points.filter(Boolean).length} of ${points.length}`;
        const [across, down] = [width * model.image.width, height * model.image.height].map(Math.round);
        return `${across} × ${down}${angle ? ` ${Math.round(angle)}°` : ""}`;
    }

    /**
     * @param {PlainBox} box
     * @param {number} index
     */
    function drawRow(box, index) {
        const chosen = box.id === model.selected?.id;
        const said = Object.entries(box.attributes ?? {}).map(([name, value]) => (value === true ? name : `${name}: ${value}`));
        return h(
            "button",
            {
                class: chosen ? "wb-box-row wb-chosen" : "wb-box-row",
                type: "button",
                tabindex: -1,
                role: "option",
                "aria-selected": String(chosen),
                "aria-posinset": index + 1,
                "aria-setsize": rows.length,
                title: said.join(", ") || false,
                style: `top:${index * ROW}px`,
                onclick: () => on.select(box),
                onpointerenter: () => on.point(box),
            },
            h("span", { class: "wb-swatch", style: `background:${classColour(Math.max(0, classes.indexOf(box.label)))}` }),
            h("span", { class: "wb-name" }, box.label, said.length ? h("small", {}, ` ${said.join(", ")}`) : ""),
            h("span", { class: "wb-count" }, sizeOf(box)),
        );
    }

    function drawRows() {
        const first = Math.max(0, Math.floor(list.scrollTop / ROW) - 2);
        const last = first + Math.ceil((list.clientHeight || 200) / ROW) + 4;
        const state = [model.version, first, last, classes].join();
        if (state === drawn) return;
        drawn = state;
        sheet.replaceChildren(...rows.slice(first, last).map((box, index) => drawRow(box, first + index)));
    }

    function drawFilter() {
        /** @type {Map<string, number>} */
        const counts = new Map();
        for (const { label } of model.boxes) counts.set(label, (counts.get(label) ?? 0) + 1);
        const names = classes.filter((name) => counts.has(name) || name === model.only);
        filter.replaceChildren(
            h("option", { value: "" }, `all ${model.boxes.length}`),
            ...names.map((name) => h("option", { value: name }, `${name} ${counts.get(name) ?? 0}`)),
        );
        filter.value = model.only;
        filter.title = `Only one class: ${spelled(keymap.key("onlyClass"))}`;
    }

    function drawSuggested() {
        suggested.hidden = !model.suggests;
        if (!model.suggests) return;
        const many = model.shownGhosts.length;
        by.textContent = model.suggestedBy ? `Suggested by ${model.suggestedBy}` : "Suggested";
        count.textContent = words(`${many} ${many === 1 ? "box" : "boxes"}`);
        all.toggleAttribute("disabled", !many);
        one.toggleAttribute("disabled", !model.selected || !model.isGhost(model.selected));
        least.hidden = model.suggestsAll;
        slider.value = String(Math.round(100 * model.threshold));
        from.textContent = `${slider.value} %`;
        for (const [button, action] of /** @type {[HTMLElement, string][]} */ ([[all, "acceptGhosts"], [one, "acceptGhost"]])) {
            /** @type {HTMLElement} */ (button.lastElementChild).textContent = spelled(keymap.key(action)).replace("Shift+", "⇧");
            button.setAttribute("aria-keyshortcuts", keymap.key(action));
        }
    }

    /** The selected box in words, for who hears the screen. */
    function sayWhere() {
        const box = model.selected;
        if (!box) return "";
        const ghost = model.isGhost(box);
        const place = ghost ? "suggested" : `${rows.findIndex(({ id }) => id === box.id) + 1} of ${rows.length}`;
        return `${box.label}, ${sizeOf(box)} pixels, ${place}`;
    }

    /** @param {PlainBox | null} box that is to be in sight */
    function reveal(box) {
        const place = box ? rows.findIndex(({ id }) => id === box.id) : -1;
        if (place < 0) return;
        const [top, seen] = [place * ROW, list.clientHeight];
        if (top < list.scrollTop) list.scrollTop = top;
        else if (top + ROW > list.scrollTop + seen) list.scrollTop = top + ROW - seen;
    }

    return {
        attributes,
        /**
         * @param {string[]} names of the classes
         * @param {string} magicKind the magic tool in use; empty for none
         * @param {string[]} tools names of the user's own
         */
        show(names, magicKind, tools) {
            magic.show(magicKind, tools);
            const outdated = listed !== model.version || names.join() !== classes.join();
            [classes, listed] = [names, model.version];
            if (outdated) {
                rows = model.shown;
                sheet.style.height = `${rows.length * ROW}px`;
                drawFilter();
                drawSuggested();
                told.textContent = sayWhere();
                list.classList.toggle("wb-box-none", !rows.length);
                const box = model.selected;
                attributes.show(box && !model.isGhost(box) ? box : null); // takes room from the list
                reveal(box);
            }
            drawRows();
        },
        destroy: () => element.remove(),
    };
}
