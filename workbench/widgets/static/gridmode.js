// @ts-check
/** The grid as a way to work in the widget: when it is shown, and what it asks of the kernel. */

import { createGrid } from "./grid.js";
import { hex } from "./ids.js";
import { inOrder } from "./values.js";

/**
 * @param {ReturnType<typeof import("./layout.js").layOut>} parts
 * @param {ReturnType<typeof import("./thumbs.js").createThumbs>} thumbs
 * @param {ReturnType<typeof import("./worklist.js").createWorklist>} work
 * @param {(message: Record<string, any>) => void} send
 * @param {{ label: (samples: string[], label: import("./values.js").Label) => void, changed: () => void }} on
 *     `changed`: what is on screen is another thing now
 */
export function createGridMode(parts, thumbs, work, send, on) {
    /** @type {string[]} in multi-label, classes for what is selected */
    let ticked = [];
    const grid = createGrid(parts.stage, thumbs, {
        arrange: ask,
        label: (samples, label) => {
            ticked = [];
            on.label(samples, label);
        },
        labelOf: work.labelOf,
        classes: () => work.classes,
    });

    let asked = false;

    /**
     * @param {string} by
     * @param {string} [sample]
     */
    function ask(by, sample) {
        asked = true;
        grid.say("arranging");
        send({ type: "grid", by, sample });
    }

    /** @param {boolean} shown */
    function show(shown) {
        ticked = [];
        grid.show(shown);
        parts.tools.grid.setAttribute("aria-pressed", String(shown));
        on.changed();
    }

    return {
        get shown() {
            return grid.shown;
        },
        get ticked() {
            return inOrder(work.classes, ticked);
        },
        /** @param {string} name of the class to tick for what is selected, or to tick no more */
        tick(name) {
            ticked = ticked.includes(name) ? ticked.filter((other) => other !== name) : [...ticked, name];
        },
        /** @param {string} stroke */
        key(stroke) {
            // In multi-label they are done with the ticks, as for one image.
            return !(work.ticking && (stroke === "Space" || stroke === "Enter")) && grid.key(stroke);
        },
        give: grid.give,
        destroy: grid.destroy,
        refresh() {
            if (grid.shown) grid.refresh();
        },
        toggle() {
            show(!grid.shown);
            if (grid.shown) ask(grid.by === "like" ? "cluster" : grid.by);
        },
        /** @param {string} sample show everything in order of likeness to it */
        like(sample) {
            show(true);
            ask("like", sample);
        },
        /**
         * @param {any} message
         * @param {DataView[]} buffers ids of the images, 12 bytes each
         */
        receive({ by, groups, working, error }, buffers) {
            if (!asked) return; // another tab on this widget has: its images do not come under this hand
            asked = Boolean(working);
            if (working || error) return grid.say(working || error);
            const ids = new Uint8Array(buffers[0].buffer, buffers[0].byteOffset, buffers[0].byteLength);
            const idAt = (/** @type {number} */ index) => hex(ids.subarray(12 * index, 12 * index + 12));
            grid.arrange({ by, groups, count: ids.length / 12, idAt });
            on.changed();
        },
    };
}
