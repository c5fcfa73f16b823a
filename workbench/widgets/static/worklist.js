// @ts-check
/**
 * What is to be labelled and what has been: the page's own view of the queue. It is ahead of the
 * kernel by the operations that are not acknowledged yet. No DOM in here.
 *
 * @typedef {import("./queue.js").Item} Item
 * @typedef {import("./queue.js").Suggestion} Suggestion
 * @typedef {import("./values.js").Label} Label
 * @typedef {import("./outbox.js").Op} Op
 * @typedef {import("./drawing.js").Change} Change
 * @typedef {{ op: Op | null, item: Item | null, undo?: string, draft?: import("./ticks.js").Draft, dropped?: Item[], were?: (Label | undefined)[], noted?: Item, before?: string, drawn?: Item, wasDone?: boolean }} Step
 *     `op` null: the image was put off; `undo`: id of the operation that took it back; `draft`: what
 *     was ticked on the image; `dropped`: queued images that a label of many took out of the queue,
 *     `were`: the labels that they had; `noted`, `before`: the image that a note is on, and what it said;
 *     `drawn`: the image that boxes were drawn on; `wasDone`: whether all its boxes were drawn before
 */

import { createAnswers } from "./answers.js";
import { drawOn, draws, inverse, markDone } from "./drawing.js";
import { takeMany, untakeMany } from "./many.js";
import { createQueue } from "./queue.js";
import { createTally } from "./tally.js";
import { createTicks } from "./ticks.js";
import { classesOf } from "./values.js";

/**
 * @param {() => string} newId
 */
export function createWorklist(newId) {
    /** @type {import("./answers.js").State} */
    const state = { task: "", classes: [], tools: [], done: 0 };
    const queue = createQueue();
    const tally = createTally();
    const ticks = createTicks();
    let ticking = false; // in multi-label
    let reviewing = false;
    let suggesting = true;
    /** @type {Step[]} */
    const past = [];
    /** @type {Step[]} steps that were taken back, the latest last */
    let future = [];
    /** @type {Map<string, Op>} */
    const pending = new Map();
    /** @type {Map<string, string>} the latest event of a sample, as far as this page knows */
    const latest = new Map();
    /** @type {Set<string>} ids of this page's own operations */
    const own = new Set();
    /** @type {Set<string>} undos of steps from before this page: only the kernel knows which */
    const blind = new Set();

    /** @param {Op} op */
    function issue(op) {
        pending.set(op.id, op);
        own.add(op.id);
        return op;
    }

    /** @returns {Op[]} what was drawn on an image and is not acknowledged */
    const underWay = (/** @type {string} */ sample) =>
        [...pending.values()].filter((op) => op.kind === "draw" && op.sample === sample);

    /**
     * A step forward: what it does to this page's view of things.
     *
     * @param {Step} step
     */
    function take(step) {
        past.push(step);
        const { op, item } = step;
        if (op?.kind === "labels") state.done += takeMany(step, op, { queue, tally, ticks });
        if (op?.kind === "note" && step.noted) step.noted.note = op.text;
        if (op?.kind === "class") state.classes = [...state.classes, op.name];
        if (op?.kind === "draw" && step.drawn) {
            drawOn(step.drawn, op.changes, tally);
            latest.set(op.sample, op.id);
        }
        if (!item) return;
        step.draft = ticks.end(item.id) ?? step.draft;
        queue.drop(item.id);
        state.done += 1;
        if (!op) return;
        latest.set(item.id, op.id);
        if (op.kind === "label") tally.give([item.id], op.label, item.label);
        if (op.kind === "done") {
            step.wasDone = Boolean(item.done);
            markDone(item, true, tally);
        }
    }

    /**
     * A new step: what had been taken back cannot be done again after it.
     *
     * @template {Step} S
     * @param {S} step
     * @returns {S["op"]}
     */
    function begin(step) {
        future = [];
        take(step);
        return step.op;
    }

    /**
     * An image comes back; its ticks are those that were committed, or that it was left with.
     *
     * @param {Step} step
     */
    function restore({ op, item, draft }) {
        if (!item || !draft) return;
        ticks.restore(item.id, op?.kind === "label" ? { ...draft, names: [...classesOf(op.label)] } : draft);
    }

    return {
        get current() {
            return queue.current;
        },
        /** Whether classes are ticked before they are committed: in multi-label. */
        get ticking() {
            return ticking;
        },
        /** What is labelled, such as `detection`; empty until the kernel has said so. */
        get task() {
            return state.task;
        },
        get reviewing() {
            return reviewing;
        },
        get classes() {
            return state.classes;
        },
        /** Names of the user's own magic tools. */
        get tools() {
            return state.tools;
        },
        get counts() {
            return tally.counts;
        },
        get left() {
            return queue.left;
        },
        get done() {
            return state.done;
        },
        /** The model's suggestion for the image on screen. */
        get suggestion() {
            const item = queue.current;
            if (!item || !suggesting) return null;
            return (ticking ? ticks.suggestionOf(item.id, state.classes) : item.suggestion) || null;
        },
        /** Classes that are ticked on the image on screen, in order. */
        get ticked() {
            return queue.current ? ticks.of(queue.current.id, state.classes) : [];
        },
        /** @param {boolean} on whether suggestions are shown, and recorded as shown */
        set suggesting(on) {
            suggesting = on;
        },
        get unsaved() {
            return pending.size;
        },
        get redoable() {
            return future.length > 0;
        },
        /** Whether the head of the queue is used up while the kernel has more. */
        get needsMore() {
            return queue.needsMore;
        },
        upcoming: queue.upcoming,

        /**
         * Take in the kernel's queue. The image on screen stays where it is still queued.
         *
         * @param {{ task?: string, mode?: string, queue: Item[], queued: number, classes: string[], tools?: string[],
         *           counts: Record<string, number> }} told
         */
        load(told) {
            state.task = told.task ?? "classification";
            ticking = state.task === "multilabel";
            reviewing = told.mode === "review";
            const gone = [...pending.values()].filter((op) => ["label", "skip", "done"].includes(op.kind));
            queue.load(told.queue, told.queued, new Set(gone.map((op) => op.sample)));
            state.classes = [...told.classes];
            state.tools = told.tools ?? [];
            tally.load(told.counts);
            for (const op of pending.values()) if (op.kind === "label") tally.count(op.label, 1);
            for (const item of draws(state.task) ? queue.items : []) {
                item.outdated = true;
                for (const op of underWay(item.id)) {
                    drawOn(item, op.changes, tally);
                    latest.set(item.id, op.id);
                }
            }
        },

        /** The image in front is on screen now; until it is done its ticks are the hand's alone. */
        present() {
            const item = queue.current;
            if (item && ticking) ticks.begin(item, (suggesting && item.suggestion) || null, reviewing);
        },

        /** @param {string} name of the class to tick on the image on screen, or to tick no more */
        tick(name) {
            if (queue.current) ticks.toggle(queue.current.id, name);
        },

        /**
         * Finish the image on screen.
         *
         * @param {Label | null} label null skips it
         * @param {number} seconds
         * @param {boolean} [accepted] whether the label is the suggestion, taken as it is
         * @returns {Op | null}
         */
        finish(label, seconds, accepted = false) {
            const item = queue.current;
            if (!item) return null;
            // Ticks that began with a suggestion owe it something, whether it is still shown or not.
            const shown = ticking ? ticks.suggestionOf(item.id, state.classes) : suggesting && item.suggestion;
            const op = issue({
                id: newId(),
                kind: label === null ? "skip" : "label",
                sample: item.id,
                label,
                seconds,
                basedOn: latest.get(item.id) ?? item.event,
                ...(label !== null && shown && { accepted, suggestion: shown.label, model: shown.model }),
            });
            return begin({ op, item });
        },

        /**
         * Label many images at once.
         *
         * @param {string[]} samples
         * @param {Label} label
         * @param {number} seconds for all of them
         * @returns {Op}
         */
        finishMany(samples, label, seconds) {
            const op = issue({ id: newId(), kind: "labels", samples, label, seconds });
            return begin({ op, item: null });
        },

        /**
         * Change boxes of the image on screen.
         *
         * @param {Change[]} changes
         * @param {number} seconds
         * @param {{ accepted?: true, model?: string }} [suggested] where they come of a suggestion;
         *     `accepted`: as it is
         * @returns {Op | null}
         */
        draw(changes, seconds, suggested = {}) {
            const item = queue.current;
            if (!item || !changes.length) return null;
            const basedOn = latest.get(item.id) ?? item.event;
            const op = issue({ id: newId(), kind: "draw", sample: item.id, changes, seconds, basedOn, ...suggested });
            return begin({ op, item: null, drawn: item });
        },

        /**
         * All boxes of the image on screen are drawn.
         *
         * @param {number} seconds
         * @returns {Op | null}
         */
        finishDrawn(seconds) {
            const item = queue.current;
            if (!item) return null;
            const basedOn = latest.get(item.id) ?? item.event;
            return begin({ op: issue({ id: newId(), kind: "done", sample: item.id, seconds, basedOn }), item });
        },

        labelOf: tally.labelOf,

        /** Leave the image on screen for another time, without a word to the kernel. */
        putOff() {
            const item = queue.current;
            if (item) begin({ op: null, item });
        },

        /**
         * Add a class at the end.
         *
         * @param {string} name
         */
        addClass(name) {
            const op = issue({ id: newId(), kind: "class", name });
            return begin({ op, item: null });
        },

        /**
         * Change a class that there is; what comes of it is for the kernel to say.
         *
         * @param {"rename" | "merge" | "remove"} kind
         * @param {string} name
         * @param {string} [to]
         */
        editClass(kind, name, to) {
            const op = issue({ id: newId(), kind, name, to });
            return begin({ op, item: null });
        },

        /**
         * Write a note on the image on screen.
         *
         * @param {string} text empty takes it away
         * @returns {Op | null}
         */
        note(text) {
            const item = queue.current;
            if (!item) return null;
            const op = issue({ id: newId(), kind: "note", sample: item.id, text });
            return begin({ op, item: null, noted: item, before: item.note });
        },

        /**
         * Take back the last step; one from before this page is for the kernel to find.
         *
         * @returns {Op | null} null where the kernel has no part in it
         */
        undo() {
            const step = past.pop();
            if (step) future.push(step);
            if (step?.item) {
                queue.putFirst(step.item);
                restore(step);
                state.done -= 1;
            }
            if (step && !step.op) return null;
            const op = issue({ id: newId(), kind: "undo", step: step?.op?.id });
            if (step) step.undo = op.id;
            else blind.add(op.id);
            if (step?.op?.kind === "labels") {
                state.done -= untakeMany(step, step.op, { queue, tally, ticks });
            } else if (step?.op && step.item) {
                latest.set(step.item.id, step.op.basedOn); // the kernel goes back to it, too
                if (step.op.kind === "label") tally.withdraw([step.item.id], step.op.label, step.item.label);
                if (step.op.kind === "done") markDone(step.item, Boolean(step.wasDone), tally);
            } else if (step?.op && step.drawn) {
                drawOn(step.drawn, inverse(step.op.changes), tally);
                latest.set(step.drawn.id, step.op.basedOn);
                if (queue.current !== step.drawn) queue.putFirst(step.drawn);
            } else if (step?.op?.kind === "class") {
                const { name } = step.op;
                state.classes = state.classes.filter((other) => other !== name);
            } else if (step?.noted) {
                step.noted.note = step.before ?? "";
            }
            return op;
        },

        /** Do again what was taken back last; null where there is nothing. */
        redo() {
            const step = future.pop();
            if (!step?.op) {
                if (step) take(step);
                return null;
            }
            const op = issue({ id: newId(), kind: "redo", step: step.undo });
            // The kernel records it anew: what comes after is based on that, and undoes that.
            take({ ...step, op: { ...step.op, id: op.id } });
            return op;
        },

        underWay,

        /** @param {string} sample of an image in the queue's head, or one that a step can bring back */
        itemOf: (sample) => queue.items.find(({ id }) => id === sample) ?? past.findLast(({ item }) => item?.id === sample)?.item,

        /** Takes in an operation of an earlier page, sent again. */
        adopt: issue,

        ...createAnswers({ state, queue, tally, ticks, pending, past, latest, own, blind, underWay, restore }),
    };
}
