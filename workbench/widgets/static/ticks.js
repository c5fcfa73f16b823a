// @ts-check
/**
 * What is ticked on images that are not done yet, in multi-label. It begins when an image comes on
 * screen, and from then on only the hand changes it: what a model says later is neither shown for
 * that image nor recorded as shown. No DOM in here.
 *
 * @typedef {import("./queue.js").Item} Item
 * @typedef {import("./queue.js").Suggestion} Suggestion
 * @typedef {{ names: string[], suggestion: Suggestion | null }} Draft `names`: classes that are
 *     ticked, in any order; `suggestion`: the one that was there when it began
 */

import { classesOf, inOrder } from "./values.js";

export function createTicks() {
    /** @type {Map<string, Draft>} by sample */
    const drafts = new Map();

    return {
        /**
         * The image comes on screen; one that has begun stays as it is.
         *
         * @param {Item} item
         * @param {Suggestion | null} suggestion that is shown with it
         * @param {boolean} reviewing whether the suggestion, not the label, is what to begin with
         */
        begin(item, suggestion, reviewing) {
            if (drafts.has(item.id)) return;
            const [first, second] = [item.label, suggestion?.label];
            const start = reviewing ? (second ?? first) : (first ?? second);
            drafts.set(item.id, { names: [...classesOf(start)], suggestion });
        },

        /**
         * @param {string} sample
         * @param {string} name of the class whose tick comes or goes
         */
        toggle(sample, name) {
            const draft = drafts.get(sample);
            if (!draft) return;
            const { names } = draft;
            draft.names = names.includes(name) ? names.filter((other) => other !== name) : [...names, name];
        },

        /**
         * @param {string} sample
         * @param {string[]} classes that there are
         * @returns {string[]} those that are ticked
         */
        of: (sample, classes) => inOrder(classes, drafts.get(sample)?.names ?? []),

        /**
         * The suggestion that the image began with.
         *
         * @param {string} sample
         * @param {string[]} classes that there are
         * @returns {Suggestion | null}
         */
        suggestionOf(sample, classes) {
            const suggestion = drafts.get(sample)?.suggestion;
            return suggestion ? { ...suggestion, label: inOrder(classes, classesOf(suggestion.label)) } : null;
        },

        /**
         * The image is done with, or its label is another one now.
         *
         * @param {string} sample
         * @returns {Draft | undefined} as it was
         */
        end(sample) {
            const draft = drafts.get(sample);
            drafts.delete(sample);
            return draft;
        },

        /**
         * The image comes back with what it had.
         *
         * @param {string} sample
         * @param {Draft | undefined} draft
         */
        restore(sample, draft) {
            if (draft) drafts.set(sample, draft);
        },

        /**
         * A class has another name. The old one is kept beside it, for an undo: while there is no
         * class of that name, it says nothing.
         *
         * @param {string} name
         * @param {string} to
         */
        rename(name, to) {
            for (const draft of drafts.values()) {
                if (draft.names.includes(name) && !draft.names.includes(to)) draft.names = [...draft.names, to];
                const { suggestion } = draft;
                if (!suggestion) continue;
                const label = classesOf(suggestion.label);
                const scores = { ...suggestion.scores, [to]: suggestion.scores[name] ?? suggestion.scores[to] ?? 0 };
                draft.suggestion = { ...suggestion, label: label.includes(name) ? [...label, to] : label, scores };
            }
        },
    };
}
