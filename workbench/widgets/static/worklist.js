// @ts-check
/**
 * What is to be labelled and what has been: the page's own view of the queue. It is ahead of the
 * kernel by the operations that are not acknowledged yet. No DOM in here.
 *
 * @typedef {import("./queue.js").Item} Item
 * @typedef {import("./queue.js").Suggestion} Suggestion
 * @typedef {import("./values.js").Label} Label
 * @typedef {import("./outbox.js").Op} Op
 * @typedef {{ op: Op | null, item: Item | null, undo?: string, draft?: import("./ticks.js").Draft, dropped?: Item[], were?: (Label | undefined)[], noted?: Item, before?: string }} Step
 *     `op` null: the image was put off; `undo`: id of the operation that took it back; `draft`: what
 *     was ticked on the image; `dropped`: queued images that a label of many took out of the queue,
 *     `were`: the labels that they had; `noted`, `before`: the image that a note is on, and what it said
 */

import { takeMany, untakeMany } from "./many.js";
import { createQueue } from "./queue.js";
import { createTally } from "./tally.js";
import { createTicks } from "./ticks.js";
import { captionOf, classesOf } from "./values.js";

/**
 * @param {() => string} newId
 */
export function createWorklist(newId) {
    /** @type {string[]} */
    let classes = [];
    const queue = createQueue();
    const tally = createTally();
    const ticks = createTicks();
    let ticking = false; // in multi-label
    let reviewing = false;
    let done = 0; // since the page was opened
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

    /**
     * A step forward: what it does to this page's view of things.
     *
     * @param {Step} step
     */
    function take(step) {
        past.push(step);
        const { op, item } = step;
        if (op?.kind === "labels") done += takeMany(step, op, { queue, tally, ticks });
        if (op?.kind === "note" && step.noted) step.noted.note = op.text;
        if (op?.kind === "class") classes = [...classes, op.name];
        if (!item) return;
        step.draft = ticks.end(item.id) ?? step.draft;
        queue.drop(item.id);
        done += 1;
        if (!op) return;
        latest.set(item.id, op.id);
        if (op.kind === "label") tally.give([item.id], op.label, item.label);
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
     * A label of many that does not stand, or not for all of them.
     *
     * @param {Op} op
     * @param {any} ack
     * @param {number} place of its step
     */
    function partly(op, ack, place) {
        const left = ack.ok ? ack.left : op.samples;
        done -= left.length;
        tally.withdraw(left, op.label);
        if (place >= 0) {
            const step = past[place];
            step.op = { ...op, samples: op.samples.filter((/** @type {string} */ id) => !left.includes(id)) };
            if (!step.op.samples.length) past.splice(place, 1);
        }
        const notice = `${left.length} had been labelled meanwhile and stay as they are`;
        return { op, settled: true, notice: ack.ok ? notice : ack.error };
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
        get reviewing() {
            return reviewing;
        },
        get classes() {
            return classes;
        },
        get counts() {
            return tally.counts;
        },
        get left() {
            return queue.left;
        },
        get done() {
            return done;
        },
        /** The model's suggestion for the image on screen. */
        get suggestion() {
            const item = queue.current;
            if (!item || !suggesting) return null;
            return (ticking ? ticks.suggestionOf(item.id, classes) : item.suggestion) || null;
        },
        /** Classes that are ticked on the image on screen, in order. */
        get ticked() {
            return queue.current ? ticks.of(queue.current.id, classes) : [];
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
         * @param {{ task?: string, mode?: string, queue: Item[], queued: number, classes: string[], counts: Record<string, number> }} state
         */
        load(state) {
            ticking = state.task === "multilabel";
            reviewing = state.mode === "review";
            queue.load(state.queue, state.queued, new Set([...pending.values()].map((op) => op.sample)));
            classes = [...state.classes];
            tally.load(state.counts);
            for (const op of pending.values()) if (op.kind === "label") tally.count(op.label, 1);
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
            const shown = ticking ? ticks.suggestionOf(item.id, classes) : suggesting && item.suggestion;
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
                done -= 1;
            }
            if (step && !step.op) return null;
            const op = issue({ id: newId(), kind: "undo", step: step?.op?.id });
            if (step) step.undo = op.id;
            else blind.add(op.id);
            if (step?.op?.kind === "labels") {
                done -= untakeMany(step, step.op, { queue, tally, ticks });
            } else if (step?.op && step.item) {
                latest.set(step.item.id, step.op.basedOn); // the kernel goes back to it, too
                if (step.op.kind === "label") tally.withdraw([step.item.id], step.op.label, step.item.label);
            } else if (step?.op?.kind === "class") {
                const { name } = step.op;
                classes = classes.filter((other) => other !== name);
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

        /** Takes in an operation of an earlier page, sent again. */
        adopt: issue,

        /**
         * The kernel's answer to an operation.
         *
         * @param {any} ack
         * @returns {{ op: Op | undefined, settled: boolean, notice: string, stale?: boolean }} `stale`:
         *     more changed than this page can know
         */
        acknowledge(ack) {
            const op = pending.get(ack.id);
            if (!ack.ok && !ack.final) return { op, settled: false, notice: ack.error };
            pending.delete(ack.id);
            if (!op) return { op, settled: true, notice: "" };
            const place = past.findIndex((step) => step.op?.id === ack.id);
            if (op.kind === "labels" && (!ack.ok || ack.left?.length)) return partly(op, ack, place);
            if (ack.conflict || (!ack.ok && place >= 0)) {
                // It does not stand: the image comes back, with what the kernel has now.
                const [step] = place >= 0 ? past.splice(place, 1) : [];
                const item = ack.item ?? step?.item;
                const failed = step?.op ?? op; // what a redo did again
                if (failed.kind === "label") tally.withdraw([failed.sample], failed.label);
                if (failed.kind === "class") classes = classes.filter((name) => name !== failed.name);
                if (item) {
                    latest.delete(item.id);
                    queue.putNext(item);
                    if (step) done -= 1;
                    if (step && !ack.conflict) restore(step);
                }
                const { annotator, label } = ack.conflict ?? {};
                const notice = `${annotator} had labelled ${item?.name} ${captionOf(label) || "otherwise"}: label it again to overrule`;
                return { op, settled: true, notice: ack.conflict ? notice : ack.error };
            }
            if (op.kind === "rename" || op.kind === "merge") ticks.rename(op.name, op.to);
            if (ack.classes) classes = ack.classes;
            if (ack.counts) tally.load(ack.counts);
            if (ack.nothing) return { op, settled: true, notice: ack.nothing, stale: Boolean(op.step) };
            if (blind.has(op.id) && ack.queued && ack.item) queue.putFirst(ack.item);
            const stale = Boolean(ack.counts) || (ack.many && blind.has(op.id));
            return { op, settled: true, notice: ack.ok ? "" : ack.error, stale };
        },

        /**
         * What a refitted model says: suggestions, and the order of all but the image on screen.
         *
         * @param {{ suggestions: Record<string, Suggestion>, order: string[] }} news
         */
        learn({ suggestions, order }) {
            for (const item of queue.items) {
                // What the person is looking at does not change under the hand.
                if (item !== queue.current || !item.suggestion) item.suggestion = suggestions[item.id] ?? null;
            }
            queue.arrange(order);
        },

        /**
         * Something that happened outside this page.
         *
         * @param {any} news
         * @returns {boolean} whether it concerns this page
         */
        hear(news) {
            if (own.has(news.event) || own.has(news.group)) return false;
            if (news.news === "classes") classes = [...news.classes];
            if (news.news === "label") {
                if (news.after) tally.give([news.sample], news.after, news.before);
                else tally.withdraw([news.sample], news.before);
                latest.delete(news.sample);
                const item = queue.items.find(({ id }) => id === news.sample);
                if (item !== queue.current) {
                    // Nothing moves under a hand; further on, an image begins with its new label.
                    if (item) item.label = news.after;
                    ticks.end(news.sample);
                    if (!news.listed) queue.drop(news.sample);
                }
            }
            return true;
        },
    };
}
