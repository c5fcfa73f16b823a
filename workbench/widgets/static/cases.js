// @ts-check
/**
 * The images of one kind in rows: a picture, what is said of it and what it is labelled.
 *
 * @typedef {import("./values.js").Label} Label
 * @typedef {{ id: string, sample?: string, name: string, label: Label | null, predicted: Label | null, percent: number | null,
 *             reason: string, group: string, test: boolean }} CaseView `sample`: the image, where `id` is of a place in it
 * @typedef {{ kind: string, title: string, verb: string, nothing?: string, about: string, total: number, cases: CaseView[] }} KindView
 */

import { h } from "./dom.js";
import { captionOf } from "./values.js";

const ROOM = 8; // CSS pixels over and under an image that was moved to
const SEEN_BEFORE = "300px"; // from the screen, the pictures that are asked for

/** @param {CaseView} found */
export const sampleOf = ({ id, sample }) => sample ?? id;

/**
 * @param {ReturnType<typeof import("./thumbs.js").createThumbs>} thumbs
 * @param {{ open: (found: CaseView) => void, point: (found: CaseView | null) => void, leaveUp: () => void }} on
 *     `point`: an image is under the hand, or none any more
 */
export function createCases(thumbs, on) {
    const element = h("div", { class: "wb-errors-cases", role: "tabpanel" });
    const list = h("div", { class: "wb-errors-list", role: "listbox", onkeydown: onKey });
    element.append(list);
    /** @type {CaseView[]} */
    let shown = [];
    /** @type {HTMLElement[]} an element a case */
    let cells = [];
    /** @type {(() => void)[]} */
    let stops = [];
    /** @type {Map<string, string>} what was done to an image */
    const done = new Map();
    let cursor = 0;
    const observer = new IntersectionObserver(onSeen, { root: element, rootMargin: SEEN_BEFORE });

    /** @param {IntersectionObserverEntry[]} entries */
    function onSeen(entries) {
        for (const { isIntersecting, target } of entries) {
            const index = cells.indexOf(/** @type {HTMLElement} */ (target));
            if (!isIntersecting || index < 0) continue;
            observer.unobserve(target);
            const picture = /** @type {HTMLImageElement} */ (target.querySelector("img"));
            stops.push(
                thumbs.want(shown[index].id, (address) => {
                    if (address) picture.src = address;
                    else target.classList.add("wb-case-unseen");
                }),
            );
        }
    }

    /**
     * @param {CaseView} found
     * @param {KindView} kind
     */
    function draw(found, { verb, nothing = "no label" }) {
        const sure = found.percent === null ? "" : `${found.percent} %`;
        const said = captionOf(found.predicted);
        const cell = h(
            "div",
            {
                class: "wb-case",
                role: "option",
                title: found.reason,
                onclick: () => {
                    move(cells.indexOf(cell), false);
                    on.open(found);
                },
                onpointerenter: () => on.point(found),
                onpointerleave: () => on.point(shown[cursor]),
                onfocus: () => on.point(found),
            },
            h("div", { class: "wb-case-picture" }, h("img", { alt: "", draggable: "false" }), h("span", { class: "wb-case-mark" })),
            h("div", { class: "wb-case-said" }, h("span", {}, found.predicted === null ? "" : `${verb} `, h("b", {}, said)), h("i", {}, sure)),
            h("div", { class: "wb-case-label" }, found.label === null ? nothing : `labelled ${captionOf(found.label)}`),
        );
        if (found.test) cell.firstElementChild?.append(h("span", { class: "wb-case-test", title: "of the blind test split" }, "test"));
        return cell;
    }

    /** What changes on a cell. */
    function dress() {
        cells.forEach((cell, index) => {
            const found = shown[index];
            const mark = done.get(sampleOf(found)) ?? "";
            cell.tabIndex = index === cursor ? 0 : -1;
            cell.setAttribute("aria-selected", String(index === cursor));
            cell.classList.toggle("wb-case-done", Boolean(mark));
            /** @type {HTMLElement} */ (cell.querySelector(".wb-case-mark")).textContent = mark;
            const parts = [found.name, found.reason, found.group, found.test ? "blind test" : "", mark];
            cell.setAttribute("aria-label", parts.filter(Boolean).join(", "));
        });
    }

    /**
     * @param {number} to
     * @param {boolean} focused
     */
    function move(to, focused) {
        cursor = to;
        dress();
        const cell = cells[to];
        if (!cell) return;
        if (focused) cell.focus({ preventScroll: true });
        // Not scrollIntoView: that would scroll the notebook, too.
        const [top, bottom] = [cell.offsetTop - ROOM, cell.offsetTop + cell.offsetHeight + ROOM];
        const room = element.clientHeight;
        // In a strip of one row, that row begins at the top.
        const up = top < element.scrollTop || room < 2 * cell.offsetHeight;
        if (up) element.scrollTop = top;
        else if (bottom > element.scrollTop + room) element.scrollTop = bottom - room;
    }

    /**
     * The cell in the next row, or the one before, that is nearest across.
     *
     * @param {number} down 1 or -1
     */
    function beside(down) {
        const { offsetTop, offsetLeft } = cells[cursor];
        const further = cells.filter((cell) => down * (cell.offsetTop - offsetTop) > 0);
        if (!further.length) return -1;
        const row = down > 0 ? further[0].offsetTop : further[further.length - 1].offsetTop;
        const inRow = further.filter((cell) => cell.offsetTop === row);
        inRow.sort((a, b) => Math.abs(a.offsetLeft - offsetLeft) - Math.abs(b.offsetLeft - offsetLeft));
        return cells.indexOf(inRow[0]);
    }

    /** @param {KeyboardEvent} event */
    function onKey(event) {
        if (!cells.length || event.ctrlKey || event.metaKey || event.altKey) return;
        const last = cells.length - 1;
        /** @type {Record<string, () => number>} */
        const places = {
            ArrowLeft: () => Math.max(0, cursor - 1),
            ArrowRight: () => Math.min(last, cursor + 1),
            ArrowUp: () => beside(-1),
            ArrowDown: () => beside(1),
            Home: () => 0,
            End: () => last,
        };
        if (event.key === "Enter" || event.key === " ") on.open(shown[cursor]);
        else if (event.key in places) {
            const to = places[event.key]();
            if (to >= 0) move(to, true);
            else if (event.key === "ArrowUp") on.leaveUp();
        } else return;
        event.preventDefault();
        event.stopPropagation();
    }

    function clear() {
        observer.disconnect();
        for (const stop of stops) stop();
        stops = [];
    }

    return {
        element,
        /** @param {KindView} view */
        show(view) {
            clear();
            shown = view.cases;
            cursor = 0;
            cells = shown.map((found) => draw(found, view));
            list.setAttribute("aria-label", view.title);
            list.replaceChildren();
            cells.forEach((cell, index) => {
                const { group } = shown[index];
                if (group && group !== shown[index - 1]?.group) list.append(h("h4", { role: "presentation" }, group));
                list.append(cell);
                observer.observe(cell);
            });
            element.hidden = !cells.length;
            element.scrollTop = 0;
            dress();
        },
        focus() {
            cells[cursor]?.focus({ preventScroll: true });
        },
        /** @param {string} id of the image that is the one now, if it is among them */
        point(id) {
            // Of an image that is there twice, the one that is under the hand already.
            const here = shown[cursor] && sampleOf(shown[cursor]) === id;
            const to = here ? cursor : shown.findIndex((found) => sampleOf(found) === id);
            if (to < 0) return;
            move(to, false);
            on.point(shown[to]);
        },
        /**
         * @param {string} id
         * @param {string} mark empty where nothing was done to it, or no more
         */
        mark(id, mark) {
            done.set(id, mark);
            dress();
        },
        /** @param {Record<string, string>} marks by id */
        marks(marks) {
            done.clear();
            for (const [id, mark] of Object.entries(marks)) done.set(id, mark);
            dress();
        },
        destroy: clear,
    };
}
