// @ts-check
/** Operations on their way to the kernel: kept, sent, sent again, until each is acknowledged. */

const PATIENCE = 4_000; // ms without an acknowledgement after which the kernel counts as silent

/**
 * @param {(message: Record<string, any>) => void} send
 * @param {import("./outbox.js").Outbox} outbox
 * @param {{ unsaved: number }} work
 * @param {ReturnType<typeof import("./bar.js").createBar>} bar
 */
export function createSaving(send, outbox, work, bar) {
    let dataset = ""; // unknown until the kernel has spoken
    let timer = 0;

    function expect() {
        bar.showSaved(work.unsaved ? "saving" : "saved", work.unsaved);
        clearTimeout(timer);
        if (work.unsaved) timer = setTimeout(sayUnanswered, PATIENCE);
    }

    async function sayUnanswered() {
        bar.showSaved("waiting", work.unsaved);
        timer = setTimeout(sayUnanswered, PATIENCE);
        for (const op of await outbox.all(dataset)) send({ type: "op", op });
    }

    return {
        /** Say how things stand, and be patient from now on. */
        expect,
        /** @param {import("./outbox.js").Op} op */
        post(op) {
            outbox.add(dataset, op);
            send({ type: "op", op });
            expect();
        },
        /**
         * Send what an earlier page has kept.
         *
         * @param {string} id of the dataset
         * @param {(op: import("./outbox.js").Op) => void} adopt
         * @returns {Promise<number>} how many they are
         */
        async begin(id, adopt) {
            dataset = id;
            const kept = await outbox.all(dataset);
            for (const op of kept) {
                adopt(op);
                send({ type: "op", op });
            }
            return kept.length;
        },
        /** @param {string} id of an operation that is on disk, or never will be */
        settle: (id) => outbox.remove(id),
        stop: () => clearTimeout(timer),
    };
}
