// @ts-check
/** How many labels each class has, and what was labelled since the page was opened. No DOM in here. */

/** @typedef {import("./values.js").Label} Label */

import { classesOf } from "./values.js";

export function createTally() {
    /** @type {Record<string, number>} */
    let counts = {};
    /** @type {Map<string, Label>} labels given since the page was opened, by sample */
    const given = new Map();

    /**
     * @param {Label | null | undefined} label
     * @param {number} by
     */
    function count(label, by) {
        for (const name of classesOf(label)) counts[name] = Math.max(0, (counts[name] ?? 0) + by);
    }

    const tally = {
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
         * @param {Label} label
         * @param {Label | null} [before] the label that they had
         */
        give(samples, label, before = null) {
            for (const sample of samples) given.set(sample, label);
            count(before, -samples.length);
            count(label, samples.length);
        },
        /**
         * @param {string[]} samples
         * @param {Label} label that they had been given
         * @param {Label | null} [before] the label that they have again
         */
        withdraw(samples, label, before = null) {
            for (const sample of samples) given.delete(sample);
            count(label, -samples.length);
            count(before, samples.length);
        },
        /**
         * @param {string[]} samples
         * @param {Label} label
         * @returns {(Label | undefined)[]} the labels that they had been given before
         */
        giveMany(samples, label) {
            const were = samples.map(tally.labelOf);
            samples.forEach((sample, index) => tally.give([sample], label, were[index]));
            return were;
        },
        /**
         * @param {string[]} samples
         * @param {Label} label that they had been given
         * @param {(Label | undefined)[]} were the labels that they have again
         */
        giveBack(samples, label, were) {
            samples.forEach((sample, index) => {
                const before = were[index];
                if (before === undefined) tally.withdraw([sample], label);
                else tally.give([sample], before, label);
            });
        },
    };
    return tally;
}
