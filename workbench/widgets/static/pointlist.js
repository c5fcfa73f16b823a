// @ts-check
/**
 * The points of an object in the panel: which of them are there, which is set next.
 *
 * @typedef {import("./points.js").Keypoints} Keypoints
 * @typedef {{ points: Keypoints | null, next: number, held: number, occluded: boolean }} Told `points`: of the
 *     object that is made or selected; `next`: index of the one that is set next, -1 for none; `held`: of
 *     the one that is chosen; `occluded`: whether the next one is
 */

import { h } from "./dom.js";

const MARKS = Object.freeze({ visible: "●", occluded: "○", absent: "–", "to be set": "·" });

/**
 * @param {HTMLElement} parent
 * @param {string[]} names
 * @param {(place: number) => void} choose
 */
export function createPointList(parent, names, choose) {
    const said = h("p", { class: "wb-point-next", role: "status" });
    const rows = names.map((name, place) =>
        h(
            "button",
            { class: "wb-point-row", type: "button", tabindex: -1, role: "option", onclick: () => choose(place) },
            h("span", { class: "wb-point-mark" }),
            h("span", { class: "wb-name" }, name),
            h("span", { class: "wb-count" }),
        ),
    );
    const list = h("div", { class: "wb-point-list", role: "listbox", "aria-label": "Points of the object" }, ...rows);
    const head = h("div", { class: "wb-box-head" }, h("h4", {}, "Points"));
    const element = h("div", { class: "wb-points" }, head, said, list);
    parent.append(element);
    let drawn = "";

    /**
     * @param {Told} told
     * @param {number} place
     */
    function stateOf({ points, next }, place) {
        const point = points?.[place];
        if (point) return point[2];
        const waits = !points || (next >= 0 && place >= next && place >= points.length);
        return waits ? "to be set" : "absent";
    }

    return {
        /** @param {Told} told */
        show(told) {
            const state = JSON.stringify(told);
            if (state === drawn) return;
            drawn = state;
            const { next, held, occluded } = told;
            const asked = next < 0 ? "" : `Next: ${names[next]}${occluded ? ", occluded" : ""}`;
            said.textContent = asked || (names[held] ?? "");
            rows.forEach((row, place) => {
                const now = stateOf(told, place);
                row.classList.toggle("wb-chosen", place === held);
                row.classList.toggle("wb-point-asked", place === next);
                row.setAttribute("aria-selected", String(place === held));
                row.children[0].textContent = MARKS[/** @type {"visible"} */ (now)];
                row.children[2].textContent = now === "visible" || now === "to be set" ? "" : now;
            });
            rows[Math.max(held, next)]?.scrollIntoView?.({ block: "nearest" });
        },
        destroy: () => element.remove(),
    };
}
