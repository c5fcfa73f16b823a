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

/**
 * @param {ReturnType<typeof import("./viewport.js").createViewport>} viewport
 * @param {Omit<Parameters<typeof createMagicHand>[1], "ask"> & { sample: () => string, tools: () => string[],
 *         send: (message: Record<string, any>) => void, refresh: () => void }} on `sample`: the image on screen; `tools`:
 *     names of the user's own
 */
export function createMagic(viewport, on) {
    /** @type {ReturnType<typeof createAsking<Told>>} */
    const asking = createAsking(on.send);
    const ask = (/** @type {Gesture} */ gesture) => asking.ask({ type: "magic", sample: on.sample(), gesture });
    const hand = createMagicHand(viewport, { ...on, ask });

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
        /** @type {Record<string, () => void>} */
        actions: {
            ...Object.fromEntries(MAGIC_TOOLS.map(({ action, kind }) => [action, () => take(kind)])),
            magicOwn: takeOwn,
        },
        hear: asking.hear,
        destroy: asking.destroy,
    };
}
