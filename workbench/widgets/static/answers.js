// @ts-check
/**
 * What the kernel says, taken into the page's own view of the queue: answers to its operations, and
 * news of what happens elsewhere. No DOM in here.
 *
 * @typedef {import("./queue.js").Item} Item
 * @typedef {import("./queue.js").Suggestion} Suggestion
 * @typedef {import("./outbox.js").Op} Op
 * @typedef {import("./worklist.js").Step} Step
 * @typedef {{ task: string, classes: string[], tools: string[], done: number }} State `task`: empty until the kernel has
 *     said it; `done`: images since the page was opened
 */

import { asTold, drawOn, draws, markDone } from "./drawing.js";
import { partly } from "./many.js";
import { captionOf } from "./values.js";

/**
 * @param {{ state: State, queue: ReturnType<typeof import("./queue.js").createQueue>,
 *           tally: ReturnType<typeof import("./tally.js").createTally>,
 *           ticks: ReturnType<typeof import("./ticks.js").createTicks>, pending: Map<string, Op>,
 *           past: Step[], latest: Map<string, string>, own: Set<string>, blind: Set<string>,
 *           underWay: (sample: string) => Op[], restore: (step: Step) => void }} page the worklist's parts
 */
export function createAnswers({ state, queue, tally, ticks, pending, past, latest, own, blind, underWay, restore }) {
    /** @param {any} news of what somebody else drew, or said to be all */
    function hearDrawn({ sample, changes, event, done: finished, listed }) {
        const item = queue.items.find(({ id }) => id === sample);
        if (!item) return;
        drawOn(item, changes, tally);
        markDone(item, Boolean(finished), tally);
        latest.delete(sample);
        item.event = event; // it is seen, and what comes next is based on it
        if (item !== queue.current && !listed) queue.drop(sample);
    }

    return {
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
            if (op.kind === "labels" && (!ack.ok || ack.left?.length)) {
                const { left, notice, kept } = partly(op, ack, tally);
                state.done -= left;
                if (place >= 0 && kept) past[place].op = kept;
                else if (place >= 0) past.splice(place, 1);
                return { op, settled: true, notice };
            }
            if (past[place]?.drawn && (ack.conflict || !ack.ok)) {
                const [{ drawn }] = /** @type {[{ drawn: Item }]} */ (past.splice(place, 1));
                asTold(drawn, ack.item ?? drawn, underWay(drawn.id));
                latest.delete(drawn.id);
                const notice = `${ack.conflict?.annotator} had changed ${drawn.name}: what you drew on it last is undone`;
                return { op, settled: true, notice: ack.conflict ? notice : ack.error, stale: !ack.item };
            }
            if (ack.conflict || (!ack.ok && place >= 0)) {
                // It does not stand: the image comes back, with what the kernel has now.
                const [step] = place >= 0 ? past.splice(place, 1) : [];
                const item = step?.item && ack.item ? Object.assign(step.item, ack.item) : (ack.item ?? step?.item);
                const failed = step?.op ?? op; // what a redo did again
                if (failed.kind === "label") tally.withdraw([failed.sample], failed.label);
                if (failed.kind === "class") state.classes = state.classes.filter((name) => name !== failed.name);
                if (item) {
                    latest.delete(item.id);
                    queue.putNext(item);
                    if (step) state.done -= 1;
                    if (step && !ack.conflict) restore(step);
                }
                const { annotator, label } = ack.conflict ?? {};
                const said = (!draws(state.task) && captionOf(label)) || "otherwise";
                const notice = `${annotator} had labelled ${item?.name} ${said}: label it again to overrule`;
                return { op, settled: true, notice: ack.conflict ? notice : ack.error };
            }
            if (op.kind === "rename" || op.kind === "merge") ticks.rename(op.name, op.to);
            if (ack.classes) state.classes = ack.classes;
            if (ack.counts) tally.load(ack.counts);
            if (ack.nothing) return { op, settled: true, notice: ack.nothing, stale: Boolean(op.step) };
            if (blind.has(op.id) && ack.queued && ack.item) {
                queue.putFirst(Object.assign(queue.items.find(({ id }) => id === ack.item.id) ?? {}, ack.item));
            }
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
            if (news.news === "classes") state.classes = [...news.classes];
            if (news.news === "label" && news.changes) hearDrawn(news);
            else if (news.news === "label") {
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
