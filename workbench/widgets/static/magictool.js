// @ts-check
/**
 * The magic tools, for whichever tool draws what they find: their hand, their keys, and their way to the kernel.
 *
 * @typedef {import("./magichand.js").Gesture} Gesture
 * @typedef {import("./magichand.js").Told} Told
 */

import { createAsking } from "./asking.js";
import { createMagicHand } from "./magichand.js";
import { MAGIC_TOOLS } from "./magicrow.js";

const IN_TURN = Object.freeze(["undo", "redo", "skip"]); // of what was drawn before, be its answer still to come

/**
 * @param {ReturnType<typeof import("./viewport.js").createViewport>} viewport
 * @param {Omit<Parameters<typeof createMagicHand>[1], "ask"> & { sample: () => string, tools: () => string[],
 *         send: (message: Record<string, any>) => void, refresh: () => void }} on `sample`: the image on screen; `tools`:
 *     names of the user's own
 */
export function createMagic(viewport, on) {
    /** @type {ReturnType<typeof createAsking<Told>>} */
    const asking = createAsking(on.send);
    let open = 0; // answers that are to come
    /** @type {(() => void)[]} */
    let afterwards = [];

    /**
     * @param {Gesture} gesture
     * @returns {Promise<Told>}
     */
    async function ask(gesture) {
        open += 1;
        try {
            return await asking.ask({ type: "magic", sample: on.sample(), gesture });
        } finally {
            open -= 1;
            setTimeout(proceed); // what is made of the answer may ask again
        }
    }

    function proceed() {
        if (open) return;
        const due = afterwards;
        afterwards = [];
        for (const next of due) next();
    }

    /**
     * Do something to the image on screen once what was drawn on it is there.
     *
     * @param {() => void} then
     */
    function settled(then) {
        const sample = on.sample();
        if (open) afterwards.push(() => on.sample() === sample && then());
        else then();
    }

    const hand = createMagicHand(viewport, { ...on, ask });

    /**
     * Whether an action has to wait for what was drawn before it; then it is done after that.
     *
     * @param {string} action
     * @param {(action: string) => void} act
     */
    function defers(action, act) {
        if (!open || !IN_TURN.includes(action)) return false;
        settled(() => act(action));
        return true;
    }

    /** @param {string} kind empty for drawing by hand */
    function take(kind) {
        hand.kind = kind;
        on.refresh();
    }

    function takeOwn() {
        const own = on.tools();
        if (own.length) take(own[(own.indexOf(hand.kind) + 1) % own.length]);
        else on.say("no tool of your own yet: decorate a function with @bench.magic.tool, and show the widget again");
    }

    return {
        hand,
        ask,
        take,
        settled,
        defers,
        /** @type {Record<string, () => void>} */
        actions: {
            ...Object.fromEntries(MAGIC_TOOLS.map(({ action, kind }) => [action, () => take(kind)])),
            magicOwn: takeOwn,
        },
        hear: asking.hear,
        destroy: asking.destroy,
    };
}
