// @ts-check
/** How many labels each class has, and what was labelled since the page was opened. No DOM in here. */

export function createTally() {
    /** @type {Record<string, number>} */
    let counts = {};
    /** @type {Map<string, string>} labels given since the page was opened, by sample */
    const given = new Map();

    /**
     * @param {string | null | undefined} label
     * @param {number} by
     */
    function count(label, by) {
        if (label != null) counts[label] = Math.max(0, (counts[label] ?? 0) + by);
    }

    return {
        get counts() {
            return counts;
        },
        /** @param {Record<string, number>} next as the kernel has counted them */
        load(next) {
            counts = { ...next };
        },
        count,
        /** @param {string} sample */
        labelOf: (sample) => given.get(sample),
        /**
         * @param {string[]} samples
         * @param {string} label
         * @param {string | null} [before] the label that they had
         */
        give(samples, label, before = null) {
            for (const sample of samples) given.set(sample, label);
            count(before, -samples.length);
            count(label, samples.length);
        },
        /**
         * @param {string[]} samples
         * @param {string} label that they had been given
         * @param {string | null} [before] the label that they have again
         */
        withdraw(samples, label, before = null) {
            for (const sample of samples) given.delete(sample);
            count(label, -samples.length);
            count(before, samples.length);
        },
    };
}
