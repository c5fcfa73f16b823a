/**
 * What the kernel does with the page's operations, as simply as it can be said: every step is a
 * whole state, undo and redo go back and forth between them.
 *
 * @typedef {{ labels: Record<string, string>, out: string[], notes: Record<string, string>, classes: string[] }} State
 *     `out`: images that are out of the queue
 */

export const IDS = Array.from({ length: 12 }, (_, index) => `image${index}`);
/** Labels that images in the queue have already, and those of images elsewhere. */
const HAD = Object.freeze({ image3: "cat", image7: "dog" });
const ELSEWHERE = Object.freeze({ cat: 2 });

/** @param {string} id */
export const itemOf = (id) => ({
    ...{ id, name: `${id}.png`, batch: 1, reason: "", label: HAD[id] ?? null, event: "", hints: true, note: "" },
});

export function createDesk() {
    /** @type {State[]} */
    let past = [{ labels: {}, out: [], notes: {}, classes: ["cat", "dog"] }];
    /** @type {State[]} */
    let future = [];

    const now = () => past[past.length - 1];

    /** @param {State} state */
    function counts({ labels }) {
        /** @type {Record<string, number>} */
        const out = { ...ELSEWHERE };
        for (const label of Object.values({ ...HAD, ...labels })) out[label] = (out[label] ?? 0) + 1;
        return out;
    }

    /** @type {Record<string, (state: State, op: any) => State>} */
    const changes = {
        label: (state, { sample, label }) => many(state, [sample], label),
        labels: (state, { samples, label }) => many(state, samples, label),
        skip: (state, { sample }) => ({ ...state, out: [...state.out, sample] }),
        note: (state, { sample, text }) => ({ ...state, notes: { ...state.notes, [sample]: text } }),
        class: (state, { name }) => ({ ...state, classes: [...state.classes, name] }),
    };

    /**
     * @param {State} state
     * @param {string[]} samples
     * @param {string} label
     */
    function many(state, samples, label) {
        const given = Object.fromEntries(samples.map((sample) => [sample, label]));
        return { ...state, labels: { ...state.labels, ...given }, out: [...new Set([...state.out, ...samples])] };
    }

    return {
        get counts() {
            return counts(now());
        },
        get classes() {
            return now().classes;
        },
        get labels() {
            return now().labels;
        },
        get notes() {
            return now().notes;
        },
        get done() {
            return now().out.length;
        },
        get queue() {
            return IDS.filter((id) => !now().out.includes(id));
        },
        /** What a grid may show: what is queued, and what was labelled in it. */
        get inGrid() {
            return [...this.queue, ...Object.keys(now().labels)].filter((id) => !(id in HAD));
        },
        get redoable() {
            return future.length > 0;
        },
        /** What the page is told when it asks how things stand. */
        get state() {
            const queue = this.queue.map((id) => ({ ...itemOf(id), note: now().notes[id] ?? "" }));
            return { queue, queued: queue.length, classes: [...now().classes], counts: counts(now()) };
        },
        /**
         * @param {any} op
         * @returns {any} the acknowledgement
         */
        apply(op) {
            const answer = { id: op.id, ok: true };
            if (op.kind === "undo") {
                if (past.length === 1) return { ...answer, nothing: "nothing to undo" };
                future.push(/** @type {State} */ (past.pop()));
            } else if (op.kind === "redo") {
                past.push(/** @type {State} */ (future.pop()));
            } else {
                past.push(changes[op.kind](now(), op));
                future = [];
            }
            return answer;
        },
    };
}
