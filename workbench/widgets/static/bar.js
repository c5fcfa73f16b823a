// @ts-check
/** The line at the bottom: progress, pace, the image, and whether everything is saved. */

import { h } from "./dom.js";

const RECENT = 20; // labels that the pace is taken from
const NOTICE = 6_000; // ms
const WAITING =
    "The kernel does not answer. Nothing is lost: if it was restarted, run the cells again, and " +
    "what is kept here is saved.";

/**
 * @param {number[]} values
 */
export function median(values) {
    const sorted = [...values].sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Time left in words.
 *
 * @param {number} seconds
 */
export function inWords(seconds) {
    if (seconds < 60) return "under a minute left";
    const minutes = Math.round(seconds / 60);
    return minutes < 60 ? `${minutes} min left` : `${(minutes / 60).toFixed(1)} h left`;
}

/**
 * @param {HTMLElement} parent
 */
export function createBar(parent) {
    const fill = h("div", { class: "wb-fill" });
    const track = h("div", { class: "wb-track", role: "progressbar", "aria-label": "Batch" }, fill);
    const place = h("span", { class: "wb-place" });
    const pace = h("span", {});
    const file = h("span", { class: "wb-file" });
    const saved = h("span", { class: "wb-saved", role: "status" });
    const notice = h("span", { class: "wb-notice", role: "status" });
    parent.append(track, place, pace, notice, file, saved);
    /** @type {number[]} */
    let recent = [];
    let noticed = 0;

    return {
        /** @param {number} seconds spent on a label */
        timed(seconds) {
            recent = [...recent, seconds].slice(-RECENT);
        },
        get secondsEach() {
            return recent.length ? median(recent) : null;
        },
        /**
         * @param {number} done
         * @param {number} left
         */
        showProgress(done, left) {
            const all = done + left;
            fill.style.width = `${all ? (100 * done) / all : 0}%`;
            track.setAttribute("aria-valuenow", String(done));
            track.setAttribute("aria-valuemax", String(all));
            place.textContent = all ? `${done} of ${all}` : "";
            const each = recent.length ? median(recent) : null;
            const words = each !== null && left ? ` · ${inWords(each * left)}` : "";
            pace.textContent = each === null ? "" : `${each.toFixed(1)} s an image${words}`;
            pace.title = each === null ? "" : `${Math.round(3600 / Math.max(each, 0.1))} labels an hour at this pace`;
        },
        /** @param {string} text */
        showFile(text) {
            file.textContent = text;
            file.title = text;
        },
        /**
         * @param {"saved" | "saving" | "waiting" | ""} state
         * @param {number} unsaved
         */
        showSaved(state, unsaved) {
            const texts = {
                saved: "saved",
                saving: "saving",
                waiting: `${unsaved} kept in this browser: no answer`,
                "": "",
            };
            saved.textContent = texts[state];
            saved.dataset.state = state;
            saved.title = state === "waiting" ? WAITING : "";
        },
        /** @param {string} text that is shown for a while */
        notify(text) {
            clearTimeout(noticed);
            notice.textContent = notice.title = text;
            noticed = setTimeout(() => (notice.textContent = notice.title = ""), NOTICE);
        },
        stop: () => clearTimeout(noticed),
    };
}
