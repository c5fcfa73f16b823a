// @ts-check
/**
 * What a hand does to labels: one image at a time, or many of the grid. In classification a class
 * labels at once; in multi-label classes are ticked, and done commits them.
 *
 * @typedef {import("./values.js").Label} Label
 * @typedef {import("./outbox.js").Op} Op
 */

import { classesOf, sameLabel } from "./values.js";

/**
 * @param {ReturnType<typeof import("./worklist.js").createWorklist>} work
 * @param {ReturnType<typeof import("./clock.js").createClock>} clock
 * @param {{ grid: () => ReturnType<typeof import("./gridmode.js").createGridMode>,
 *           ticked: (name: string) => void, step: (op: Op | null) => void,
 *           given: (label: Label, seconds: number | null) => void, more: () => void }} on `ticked`: or
 *     ticked no more; `step`: an operation to send, null where the kernel has no part in it; `given`: a
 *     label, in how many seconds, null where it was for many; `more`: images are needed
 */
export function createHand(work, clock, on) {
    /**
     * @param {Label | null} label null skips the image
     * @param {boolean} [accepted] whether it is the suggestion
     */
    function finish(label, accepted = false) {
        if (!classesOf(label).every((name) => work.classes.includes(name))) return;
        const grid = on.grid();
        if (grid.shown) return label === null ? undefined : grid.give(label);
        const seconds = clock.read();
        const op = work.finish(label, seconds, accepted);
        if (!op) return;
        if (label !== null) on.given(label, seconds);
        on.step(op);
        if (work.needsMore) on.more();
    }

    /** Commit what is ticked. */
    function finishTicked() {
        if (on.grid().shown) return finish(on.grid().ticked);
        finish(work.ticked, sameLabel(work.ticked, work.suggestion?.label));
    }

    return {
        /** @param {string} name of a class that was chosen by its key, by a click or by name */
        choose(name) {
            if (!work.ticking) return finish(name);
            if (on.grid().shown) on.grid().tick(name);
            else work.tick(name);
            on.ticked(name);
        },
        accept() {
            if (work.ticking) finishTicked();
            else if (work.suggestion) finish(work.suggestion.label, true);
        },
        keep() {
            const label = on.grid().shown ? null : work.current?.label; // among many, none is meant
            if (work.reviewing && label != null) finish(label);
        },
        skip() {
            if (!work.reviewing) return finish(null);
            work.putOff();
            on.step(null);
        },
        /**
         * @param {string[]} samples
         * @param {Label} label for each of them
         */
        finishMany(samples, label) {
            on.given(label, null);
            on.step(work.finishMany(samples, label, clock.read()));
            clock.restart();
        },
    };
}
