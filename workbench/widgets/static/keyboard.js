// @ts-check
/**
 * What keys on the widget mean: classes, and actions. Where a tool drags, Space held with the pointer
 * down moves the image, and means its action only when it is let go of without.
 */

import { strokeOf } from "./keymap.js";

/**
 * @param {HTMLElement} root
 * @param {ReturnType<typeof import("./keymap.js").createKeymap>} keymap
 * @param {{ first: (stroke: string) => boolean, classes: () => string[], choose: (name: string) => void,
 *           act: (action: string) => void, engaged: () => void, drags: () => boolean }} on `first`: whether
 *     something on top hears the key; `engaged`: a key was meant for the widget; `drags`: whether Space
 *     may begin a drag
 */
export function listenToKeys(root, keymap, on) {
    let held = false; // Space
    let used = false; // for a drag

    /** @param {string} stroke */
    function mean(stroke) {
        const index = stroke ? keymap.classKeys(on.classes()).indexOf(stroke) : -1;
        return { name: on.classes()[index], action: keymap.actionOf(stroke) };
    }

    /** @param {KeyboardEvent} event */
    function onDown(event) {
        if (event.target !== root) return; // typing a class name, say
        const stroke = strokeOf(event);
        if (on.first(stroke)) return take(event);
        const { name, action } = mean(stroke);
        if (name === undefined && !action) return;
        take(event);
        on.engaged();
        if (event.repeat && !action?.repeats) return;
        if (stroke === "Space" && on.drags()) [held, used] = [true, false];
        else fulfil(name, action);
    }

    /** @param {KeyboardEvent} event */
    function onUp(event) {
        if (!held || event.key !== " ") return;
        take(event);
        held = false;
        const { name, action } = mean("Space");
        if (!used) fulfil(name, action);
    }

    /**
     * @param {string | undefined} name
     * @param {import("./keymap.js").Action | undefined} action
     */
    function fulfil(name, action) {
        if (name !== undefined) on.choose(name);
        else if (action) on.act(action.name);
    }

    /** @param {KeyboardEvent} event */
    function take(event) {
        event.preventDefault();
        event.stopPropagation();
    }

    root.addEventListener("keydown", onDown);
    root.addEventListener("keyup", onUp);
    root.addEventListener("pointerdown", () => (used = true), true);
    root.addEventListener("blur", () => (held = false));
    return {
        /** Whether Space is held. */
        get panning() {
            return held;
        },
    };
}
