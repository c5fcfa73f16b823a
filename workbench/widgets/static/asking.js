// @ts-check

const PATIENT = 60_000; // ms; a first gesture on a large image takes seconds

/**
 * Questions to the kernel that have one answer each.
 *
 * @template Told
 * @param {(message: Record<string, any>) => void} send
 */
export function createAsking(send) {
    /** @type {Map<number, { answer: (told: any) => void, timer: number }>} */
    const open = new Map();
    let last = 0;

    return {
        /**
         * @param {Record<string, any>} question
         * @returns {Promise<Told>} with an `error` where no answer comes
         */
        ask(question) {
            const ask = (last += 1);
            return new Promise((answer) => {
                const timer = setTimeout(() => {
                    open.delete(ask);
                    answer(/** @type {any} */ ({ error: "the kernel does not answer: is it running?" }));
                }, PATIENT);
                open.set(ask, { answer, timer });
                send({ ...question, ask });
            });
        },
        /** @param {{ ask: number }} told */
        hear(told) {
            const { answer, timer } = open.get(told.ask) ?? {};
            open.delete(told.ask);
            clearTimeout(timer);
            answer?.(told);
        },
        destroy() {
            for (const { timer } of open.values()) clearTimeout(timer);
            open.clear();
        },
    };
}
