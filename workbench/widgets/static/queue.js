// @ts-check
/**
 * The head of the kernel's queue: the image on screen and those after it. No DOM in here.
 *
 * @typedef {import("./values.js").Label} Label
 * @typedef {{ label: Label, scores: Record<string, number>, model: string }} Suggestion calibrated
 *     probabilities by class, of the likeliest few
 * @typedef {{ id: string, name: string, batch: number, reason: string, label: Label | null,
 *             event: string, hints: boolean, note: string, suggestion?: Suggestion | null,
 *             done?: boolean, raster?: import("./raster.js").Raster, outdated?: boolean, neighbours?: { id: string, label: Label, similarity: number }[] }} Item
 *     `done`: of an image that is drawn on, whether somebody has said that it is all; `raster`: its mask, where it
 *     has one and it is there; `outdated`: whether that is to be asked for anew
 */

const FEW = 10; // images, below which more are asked for

export function createQueue() {
    /** @type {Item[]} */
    let items = [];
    let left = 0; // in the kernel's whole queue

    const queue = {
        /** @returns {Item | null} */
        get current() {
            return items[0] ?? null;
        },
        get items() {
            return items;
        },
        get left() {
            return left;
        },
        /** Whether the head is used up while the kernel has more. */
        get needsMore() {
            return items.length < Math.min(FEW, left);
        },
        /** @param {number} n */
        upcoming(n) {
            return items.slice(1, n + 1);
        },

        /**
         * Take in the kernel's. The image on screen stays where it is still queued.
         *
         * @param {Item[]} next
         * @param {number} queued how many there are in the kernel's whole queue
         * @param {Set<unknown>} busy samples that are done with here, as the kernel is yet to hear
         */
        load(next, queued, busy) {
            const shown = items[0]?.id;
            const known = new Map(items.map((item) => [item.id, item])); // steps hold on to these
            items = next.filter(({ id }) => !busy.has(id)).map((item) => Object.assign(known.get(item.id) ?? {}, item));
            left = queued - (next.length - items.length);
            const place = items.findIndex((item) => item.id === shown);
            if (place > 0) items.unshift(...items.splice(place, 1));
        },

        /** @param {string} sample */
        drop(sample) {
            const before = items.length;
            items = items.filter((item) => item.id !== sample);
            left -= before - items.length;
        },

        /** @param {Item} item */
        putFirst(item) {
            queue.drop(item.id);
            items.unshift(item);
            left += 1;
        },

        /** @param {Item} item comes next, where another one is on screen */
        putNext(item) {
            const shown = items[0];
            queue.putFirst(item);
            if (shown && shown.id !== item.id) queue.putFirst(shown);
        },

        /** @param {string[]} order of those that it names; the image on screen stays */
        arrange(order) {
            const place = new Map(order.map((id, index) => [id, index]));
            const [shown, ...rest] = items;
            if (!shown) return;
            const known = rest.filter((item) => place.has(item.id));
            known.sort((a, b) => /** @type {number} */ (place.get(a.id)) - /** @type {number} */ (place.get(b.id)));
            let next = 0;
            items = [shown, ...rest.map((item) => (place.has(item.id) ? known[next++] : item))];
        },
    };
    return queue;
}
