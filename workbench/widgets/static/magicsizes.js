// @ts-check
/** How large the patches of the magic tools are, and how wide their brush is: shares of the image's longer side. */

/** @type {Readonly<Record<string, readonly number[]>>} */
const MAGIC_SIZES = Object.freeze({
    patches: [0.01, 0.015, 0.02, 0.03, 0.045, 0.07, 0.1],
    brush: [0.002, 0.003, 0.005, 0.007, 0.01, 0.015, 0.02, 0.03, 0.045, 0.07, 0.1, 0.15, 0.2],
});

export function createMagicSizes() {
    /** @type {Record<string, number>} places in what there is */
    const chosen = { patches: 3, brush: 8 };

    return {
        /** @param {string} kind of the tool; NaN for one without a size */
        of: (kind) => MAGIC_SIZES[kind]?.[chosen[kind]] ?? NaN,
        /**
         * @param {string} kind
         * @param {number} by how many sizes up, or down
         * @returns {boolean} whether the tool has a size
         */
        resize(kind, by) {
            const sizes = MAGIC_SIZES[kind];
            if (sizes) chosen[kind] = Math.min(sizes.length - 1, Math.max(0, chosen[kind] + by));
            return Boolean(sizes);
        },
    };
}
