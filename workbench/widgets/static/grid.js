// @ts-check
/**
 * The grid: many small pictures in groups of look-alikes, labelled by the handful. Only what is on
 * screen has elements.
 *
 * @typedef {import("./values.js").Label} Label
 * @typedef {import("./gridlayout.js").Group} Group
 * @typedef {import("./gridlayout.js").Layout} Layout
 * @typedef {{ by: string, groups: Group[], idAt: (index: number) => string, count: number }} Arrangement
 */

import { h } from "./dom.js";
import { cellAt, cellBeside, cellsBetween, cellsInside, groupAt, groupOf, layOutGrid, placeOf } from "./gridlayout.js";
import { classColour, stripesOf } from "./palette.js";
import { captionOf, classesOf } from "./values.js";

const CELL = 76; // CSS pixels, with the gap
const HEADER = 30;
const BEYOND = 300; // CSS pixels above and below the screen that are drawn, too
const DRAG = 5; // CSS pixels from which on a press is a drag
const WAYS = Object.freeze({ cluster: "look-alikes", prediction: "what the model says", like: "like one image" });

/**
 * @param {HTMLElement} parent
 * @param {ReturnType<typeof import("./thumbs.js").createThumbs>} thumbs
 * @param {{ arrange: (by: string, sample?: string) => void, label: (samples: string[], label: Label) => void,
 *           labelOf: (sample: string) => Label | undefined, classes: () => string[] }} on
 */
export function createGrid(parent, thumbs, on) {
    const head = h("div", { class: "wb-grid-head" });
    const sheet = h("div", { class: "wb-grid-sheet" });
    const trace = h("div", { class: "wb-grid-trace", hidden: "" });
    const scroller = h("div", { class: "wb-grid-scroller" }, sheet);
    const empty = h("p", { class: "wb-grid-empty", role: "status" });
    const box = h("section", { class: "wb-grid", hidden: "", "aria-label": "Images in groups" }, head, scroller, empty);
    parent.append(box);
    /** @type {Arrangement} */
    let arrangement = { by: "cluster", groups: [], idAt: () => "", count: 0 };
    /** @type {Layout} */
    let layout = layOutGrid([], 1, CELL, HEADER);
    /** @type {Set<number>} */
    let selected = new Set();
    let cursor = 0;
    let said = ""; // in place of the pictures
    /** @type {Map<number, { element: HTMLElement, stop: () => void }>} */
    const cells = new Map();
    /** @type {Map<number, HTMLElement>} */
    const headers = new Map();

    const observer = new ResizeObserver(() => {
        layOutAnew();
        draw();
    });
    observer.observe(scroller);
    scroller.addEventListener("scroll", drawScreen);

    function layOutAnew() {
        layout = layOutGrid(arrangement.groups, scroller.clientWidth - 12, CELL, HEADER);
        sheet.style.height = `${layout.height}px`;
    }

    function drawHead() {
        const ways = Object.entries(WAYS).map(([by, name]) =>
            h(
                "button",
                {
                    type: "button",
                    class: "wb-way",
                    tabindex: -1,
                    "aria-pressed": String(arrangement.by === by),
                    disabled: by === "like" && !arrangement.count ? "" : false,
                    onclick: () => on.arrange(by, by === "like" ? arrangement.idAt(cursor) : undefined),
                },
                name,
            ),
        );
        const count = selected.size ? `${selected.size} selected` : "click, drag or Shift-click selects";
        head.replaceChildren(...ways, h("span", { class: "wb-grid-count", role: "status" }, said ? "" : count));
        empty.textContent = said;
        empty.hidden = !said;
    }

    function draw() {
        if (box.hidden) return;
        drawScreen();
        drawHead();
    }

    /** What scrolling changes. */
    function drawScreen() {
        const top = scroller.scrollTop - BEYOND;
        const bottom = scroller.scrollTop + scroller.clientHeight + BEYOND;
        const wanted = new Set(cellsBetween(layout, top, bottom));
        for (const [index, cell] of cells)
            if (!wanted.has(index)) {
                cell.stop();
                cell.element.remove();
                cells.delete(index);
            }
        for (const index of wanted) if (!cells.has(index)) addCell(index);
        for (const [index, { element }] of cells) dress(element, index);
        drawHeaders(top, bottom);
    }

    /** @param {number} index */
    function addCell(index) {
        const picture = h("img", { alt: "", draggable: "false" });
        const badge = h("span", { class: "wb-badge" });
        const element = h("div", { class: "wb-cell", role: "option" }, picture, badge);
        const stop = thumbs.want(arrangement.idAt(index), (address) => {
            if (address) picture.setAttribute("src", address);
            else element.classList.add("wb-unseen");
        });
        cells.set(index, { element, stop });
        sheet.append(element);
    }

    /**
     * @param {HTMLElement} element
     * @param {number} index
     */
    function dress(element, index) {
        const { x, y } = placeOf(layout, index);
        const label = on.labelOf(arrangement.idAt(index));
        element.style.transform = `translate(${x}px, ${y}px)`;
        element.setAttribute("aria-selected", String(selected.has(index)));
        element.classList.toggle("wb-cursor", index === cursor);
        element.classList.toggle("wb-labelled", label !== undefined);
        const badge = /** @type {HTMLElement} */ (element.lastElementChild);
        const caption = captionOf(label);
        if (badge.textContent !== caption) badge.textContent = element.title = caption;
        const colours = classesOf(label).map((name) => classColour(on.classes().indexOf(name)));
        const several = Array.isArray(label);
        badge.classList.toggle("wb-several", several);
        badge.style.background = several ? "" : (colours[0] ?? "");
        if (several) badge.style.setProperty("--wb-stripes", stripesOf(colours));
    }

    /**
     * @param {number} top
     * @param {number} bottom
     */
    function drawHeaders(top, bottom) {
        for (const [group, element] of headers)
            if (layout.tops[group] < top || layout.tops[group] > bottom) {
                element.remove();
                headers.delete(group);
            }
        for (let group = groupAt(layout, top); layout.tops[group] <= bottom; group++) {
            if (layout.tops[group] < top) continue;
            let element = headers.get(group);
            if (!element) {
                const { name, count } = arrangement.groups[group];
                element = h(
                    "button",
                    { type: "button", class: "wb-group-head", title: name, tabindex: -1, onclick: () => toggleGroup(group) },
                    `${name} · ${count}`,
                );
                headers.set(group, element);
                sheet.append(element);
            }
            element.style.transform = `translate(0, ${layout.tops[group]}px)`;
        }
    }

    /** @param {number} group */
    function openCells(group) {
        const { start, count } = arrangement.groups[group];
        const all = Array.from({ length: count }, (_, inside) => start + inside);
        return all.filter((index) => on.labelOf(arrangement.idAt(index)) === undefined);
    }

    /** @param {number} group */
    function toggleGroup(group) {
        const open = openCells(group);
        const every = open.length > 0 && open.every((index) => selected.has(index));
        for (const index of open) every ? selected.delete(index) : selected.add(index);
        if (open.length) cursor = open[0];
        draw();
    }

    /** Select the next group that has something left to label, from the cursor's on. */
    function takeNextGroup() {
        selected = new Set();
        if (!arrangement.groups.length) return;
        for (let group = groupOf(layout, cursor); group < arrangement.groups.length; group++) {
            const open = openCells(group);
            if (!open.length) continue;
            // Odd ones that were left out before are looked at one by one, not taken together again.
            if (open.length === arrangement.groups[group].count || group > groupOf(layout, cursor)) selected = new Set(open);
            cursor = open[0];
            reveal(cursor);
            return;
        }
    }

    /** @param {number} index */
    function reveal(index) {
        const { y } = placeOf(layout, index);
        const up = y - HEADER < scroller.scrollTop;
        const down = y + CELL > scroller.scrollTop + scroller.clientHeight;
        if (up || down) scroller.scrollTop = Math.max(0, y - HEADER);
    }

    /**
     * @param {number} to
     * @param {boolean} extend
     */
    function move(to, extend) {
        if (extend) for (let i = Math.min(cursor, to); i <= Math.max(cursor, to); i++) choose(i, true);
        cursor = to;
        reveal(to);
        draw();
    }

    /**
     * @param {number} index
     * @param {boolean} chosen
     */
    function choose(index, chosen) {
        if (chosen) selected.add(index);
        else selected.delete(index);
    }

    function toggleCell() {
        choose(cursor, !selected.has(cursor));
        draw();
    }

    // --- the pointer ----------------------------------------------------------------------

    /** @type {{ path: { x: number, y: number }[], base: Set<number>, adds: boolean, lasso: boolean, far: boolean } | null} */
    let drag = null;

    /** @param {{ clientX: number, clientY: number }} event */
    function pointOf(event) {
        const area = sheet.getBoundingClientRect();
        return { x: event.clientX - area.left, y: event.clientY - area.top };
    }

    sheet.addEventListener("pointerdown", (event) => {
        if (event.button || /** @type {Element} */ (event.target).closest("button")) return;
        const at = pointOf(event);
        const start = cellAt(layout, at.x, at.y);
        drag = { path: [at], base: new Set(selected), adds: !selected.has(start), lasso: event.altKey, far: false };
        if (event.pointerType !== "touch") sheet.setPointerCapture(event.pointerId);
    });
    sheet.addEventListener("pointermove", (event) => {
        if (!drag) return;
        const at = pointOf(event);
        const first = drag.path[0];
        drag.far ||= Math.hypot(at.x - first.x, at.y - first.y) > DRAG;
        if (!drag.far) return;
        drag.path = drag.lasso ? [...drag.path, at] : [first, at];
        selected = new Set(drag.base);
        if (drag.path.length > 1) for (const index of cellsInside(layout, drag.path)) choose(index, drag.adds);
        drawTrace(drag.path);
        draw();
    });
    sheet.addEventListener("pointerup", (event) => {
        const ended = drag;
        drag = null;
        trace.hidden = true;
        if (!ended || ended.far) return;
        const index = cellAt(layout, ended.path[0].x, ended.path[0].y);
        if (index < 0) return;
        if (event.shiftKey) return move(index, true);
        choose(index, !selected.has(index));
        cursor = index;
        draw();
    });
    sheet.addEventListener("pointercancel", () => {
        if (drag?.far) selected = drag.base; // it was not to select: the finger scrolls
        drag = null;
        trace.hidden = true;
        draw();
    });
    sheet.addEventListener("dblclick", (event) => {
        const at = pointOf(event);
        const index = cellAt(layout, at.x, at.y);
        if (index >= 0) on.arrange("like", arrangement.idAt(index));
    });

    /** @param {{ x: number, y: number }[]} path */
    function drawTrace(path) {
        const xs = path.map(({ x }) => x);
        const ys = path.map(({ y }) => y);
        const [left, top] = [Math.min(...xs), Math.min(...ys)];
        Object.assign(trace.style, {
            transform: `translate(${left}px, ${top}px)`,
            width: `${Math.max(...xs) - left}px`,
            height: `${Math.max(...ys) - top}px`,
            clipPath: path.length > 2 ? `polygon(${path.map(({ x, y }) => `${x - left}px ${y - top}px`).join()})` : "",
        });
        trace.hidden = false;
        if (!trace.parentNode) sheet.append(trace);
    }

    /** @type {Record<string, () => void>} */
    const keys = {
        ArrowLeft: () => move(cellBeside(layout, cursor, -1, 0), false),
        ArrowRight: () => move(cellBeside(layout, cursor, 1, 0), false),
        ArrowUp: () => move(cellBeside(layout, cursor, 0, -1), false),
        ArrowDown: () => move(cellBeside(layout, cursor, 0, 1), false),
        "Shift+ArrowLeft": () => move(cellBeside(layout, cursor, -1, 0), true),
        "Shift+ArrowRight": () => move(cellBeside(layout, cursor, 1, 0), true),
        "Shift+ArrowUp": () => move(cellBeside(layout, cursor, 0, -1), true),
        "Shift+ArrowDown": () => move(cellBeside(layout, cursor, 0, 1), true),
        Space: toggleCell,
        "Shift+Space": toggleCell,
        "Ctrl+a": () => toggleGroup(groupOf(layout, cursor)),
        l: () => on.arrange("like", arrangement.idAt(cursor)),
        Enter: () => {
            const { name } = arrangement.groups[groupOf(layout, cursor)];
            if (arrangement.by === "prediction" && on.classes().includes(name)) grid.give(name);
        },
    };

    const grid = {
        get shown() {
            return !box.hidden;
        },
        get by() {
            return arrangement.by;
        },
        /** @param {boolean} shown */
        show(shown) {
            box.hidden = !shown;
            if (shown) {
                layOutAnew();
                draw();
            }
        },
        /** @param {string} text what it is busy with, or why there is nothing to show */
        say(text) {
            said = text;
            drawHead();
        },
        /** @param {Arrangement} next */
        arrange(next) {
            for (const { element, stop } of cells.values()) {
                stop();
                element.remove();
            }
            for (const element of headers.values()) element.remove();
            cells.clear();
            headers.clear();
            arrangement = next;
            cursor = 0;
            said = next.count ? "" : "nothing is left to label";
            scroller.scrollTop = 0;
            layOutAnew();
            // In order of likeness to one image there is no group that belongs together.
            if (next.by === "like") selected = new Set(next.count ? [0] : []);
            else takeNextGroup();
            draw();
        },
        /**
         * Label what is selected, or the one under the cursor.
         *
         * @param {Label} label
         */
        give(label) {
            const chosen = selected.size ? [...selected] : [cursor];
            const open = chosen.filter((index) => index < arrangement.count);
            const samples = open.map((index) => arrangement.idAt(index));
            if (!samples.length) return;
            on.label(samples, label);
            takeNextGroup();
            draw();
        },
        refresh: draw,
        /**
         * @param {string} stroke
         * @returns {boolean} whether it was one of the grid's keys
         */
        key(stroke) {
            if (stroke === "Escape" && selected.size) {
                selected = new Set();
                draw();
                return true;
            }
            if (!keys[stroke] || !arrangement.count) return false;
            keys[stroke]();
            return true;
        },
        destroy() {
            observer.disconnect();
        },
    };
    return grid;
}
