// @ts-check
/** Small pictures, asked of the kernel in batches and kept as long as they are likely needed again. */

const KEPT_THUMBS = 3_000;
const SIDE = 96;
const BATCH = 60; // in one message
const GATHERING = 16; // ms in which wishes are gathered into one message
const ASK_THUMBS_AGAIN = 15_000; // ms

/**
 * @param {(message: Record<string, any>) => void} send
 * @param {number} [side] device pixels, of the longer side
 */
export function createThumbs(send, side = SIDE) {
    /** @type {Map<string, string>} addresses by sample, the least recently used first */
    const kept = new Map();
    /** @type {Map<string, number>} */
    const asked = new Map();
    /** @type {Map<string, Set<(address: string) => void>>} */
    const waiting = new Map();
    /** @type {Set<string>} */
    let wanted = new Set();
    let timer = 0;

    function ask() {
        timer = 0;
        const samples = [...wanted];
        wanted = new Set();
        // The latest wishes first: what was scrolled past can wait.
        for (let end = samples.length; end > 0; end -= BATCH)
            send({ type: "thumbs", samples: samples.slice(Math.max(0, end - BATCH), end), side });
    }

    return {
        /**
         * @param {string} sample
         * @param {(address: string) => void} show called at once, or when the picture is there;
         *     with an empty address where there is none to be had
         * @returns {() => void} takes the wish back
         */
        want(sample, show) {
            const known = kept.get(sample);
            if (known !== undefined) {
                kept.delete(sample);
                kept.set(sample, known);
                show(known);
                return () => {};
            }
            const shows = waiting.get(sample) ?? new Set();
            waiting.set(sample, shows.add(show));
            const since = asked.get(sample);
            if (!since || performance.now() - since > ASK_THUMBS_AGAIN) {
                asked.set(sample, performance.now());
                wanted.add(sample);
                timer ||= setTimeout(ask, GATHERING);
            }
            return () => {
                shows.delete(show);
                if (shows.size || !wanted.delete(sample)) return;
                asked.delete(sample);
            };
        },

        /**
         * @param {{ samples: string[] }} message
         * @param {DataView[]} buffers a picture each, empty where there is none
         */
        receive({ samples }, buffers) {
            samples.forEach((sample, index) => {
                const data = buffers[index];
                const address = data.byteLength ? URL.createObjectURL(new Blob([/** @type {any} */ (data)])) : "";
                asked.delete(sample);
                kept.set(sample, address);
                for (const show of waiting.get(sample) ?? []) show(address);
                waiting.delete(sample);
            });
            for (const [oldest, address] of kept) {
                if (kept.size <= KEPT_THUMBS) break;
                kept.delete(oldest);
                URL.revokeObjectURL(address);
            }
        },

        clear() {
            clearTimeout(timer);
            for (const address of kept.values()) URL.revokeObjectURL(address);
            kept.clear();
            waiting.clear();
        },
    };
}
