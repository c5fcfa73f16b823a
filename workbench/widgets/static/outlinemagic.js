// @ts-check
/**
 * Magic tools where objects have outlines: what they find becomes an object, joins the selected one, or is cut from it;
 * and the selected one is smoothed, or loses its holes.
 *
 * @typedef {import("./boxgeometry.js").PlainBox} PlainBox
 * @typedef {import("./magichand.js").Gesture} Gesture
 */

import { createMagic } from "./magictool.js";
import { withOutline } from "./outline.js";

const NOWHERE = Object.freeze({ x: 0, y: 0, width: 0, height: 0 }); // until its outline says where

/**
 * @param {import("./tool.js").Bench} bench
 * @param {ReturnType<typeof import("./boxmodel.js").createBoxModel>} model
 * @param {{ className: () => string, drawn: (box: PlainBox) => void, changed: (box: PlainBox, next: PlainBox) => void,
 *           paint: () => void }} to `className`: of what is drawn; where there is none, one is asked for
 */
export function createOutlineMagic({ viewport, work, on }, model, to) {
    const magic = createMagic(viewport, {
        ...{ exact: false, paint: to.paint, pans: on.panning, say: on.notify, send: on.send, refresh: on.refresh },
        image: () => (viewport.picture ? model.image : null),
        ready: () => Boolean(to.className()),
        sample: () => work.current?.id ?? "",
        tools: () => work.tools,
        found: combine,
    });

    /** @type {Promise<void>} what was found before is dealt with first, for it may change what is selected */
    let before = Promise.resolve();

    /**
     * @param {import("./magichand.js").Share[][]} rings
     * @param {import("./magichand.js").Meaning} meaning
     */
    function combine(rings, meaning) {
        const touching = magic.hand.kind === "brush" && meaning === "new";
        const image = work.current?.id;
        before = before.then(async () => {
            if (work.current?.id !== image) return on.notify("the image has changed: what was drawn on the last one is dropped");
            const one = model.selected?.outline;
            if (meaning === "new" && (!touching || !one || !(await reshape({ tool: "touch", one, other: rings })))) {
                to.drawn(withOutline({ id: "", label: to.className(), ...NOWHERE }, rings));
            } else if (meaning !== "new" && one) await reshape({ tool: meaning === "add" ? "join" : "cut", one, other: rings });
            else if (!one) on.notify("select the object first");
        });
    }

    /**
     * Have the kernel shape the selected object anew.
     *
     * @param {Gesture} gesture
     * @returns {Promise<boolean>} false only where the two that are to be joined do not touch
     */
    async function reshape(gesture) {
        const box = model.selected;
        const { outline, error } = await magic.ask(gesture);
        if (error) on.notify(error);
        else if (!outline?.length && gesture.tool === "touch") return false;
        else if (!outline?.length) on.notify("nothing would be left of it: erase it instead");
        else if (box && model.selected === box) to.changed(box, withOutline(box, outline));
        else on.notify("another object was selected meanwhile: nothing was changed");
        return true;
    }

    /** @param {"smooth" | "whole"} tool */
    const selected = (tool) => () => {
        const one = model.selected?.outline;
        if (one) reshape({ tool, one });
        else on.notify("select an object first");
    };

    return {
        ...magic,
        /** @type {Record<string, () => void>} */
        actions: { ...magic.actions, byHand: () => magic.take(""), outlineBrush: () => magic.take("brush"), smooth: selected("smooth"), withoutHoles: selected("whole") },
    };
}
