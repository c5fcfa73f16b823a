// @ts-check
/**
 * What a task brings along for drawing on the image. Classification and multi-label bring nothing.
 *
 * @typedef {import("./queue.js").Item} Item
 * @typedef {import("./gestures.js").PointerTool & {
 *     className: () => string,
 *     paint: () => void,
 *     act: (action: string) => boolean,
 *     choose: (name: string) => void,
 *     leave: () => boolean,
 *     settle: () => void,
 *     reason: () => string,
 *     hear?: (message: any, buffers: DataView[]) => void,
 *     show: (item: Item | null, picture: import("./images.js").Picture | null) => void,
 *     destroy: () => void,
 * }} Tool `className`: of what is drawn next; `paint`: what lies over the image, now; `act`: whether an
 *     action is the tool's, and done; `choose`: a class, by its key; `leave`: whether Escape had
 *     something to end in it; `settle`: what is not yet said to the worklist is; `reason`: what
 *     speaks for what is selected, in the place of the image's own; `hear`: a message of the kernel's that is for
 *     the tool; `show`: the image on
 *     screen, with its picture when it is there
 * @typedef {{
 *     parts: { stage: HTMLElement, slot: HTMLElement },
 *     viewport: ReturnType<typeof import("./viewport.js").createViewport>,
 *     work: ReturnType<typeof import("./worklist.js").createWorklist>,
 *     clock: ReturnType<typeof import("./clock.js").createClock>,
 *     keymap: ReturnType<typeof import("./keymap.js").createKeymap>,
 *     skeleton: import("./points.js").Skeleton,
 *     on: { step: (op: import("./outbox.js").Op | null) => void, refresh: () => void, act: (action: string) => void,
 *           notify: (text: string) => void, focus: () => void, send: (message: Record<string, any>) => void, panning: () => boolean, newId: () => string,
 *           finished: (seconds: number) => void },
 * }} Bench what a tool works with; `slot`: its place in the panel; `skeleton`: of the objects, empty
 *     where they have no points; `newId`: 24 hexadecimal digits;
 *     `panning`: whether drags move the image now
 */

import { createBoxTool } from "./boxtool.js";
import { createMaskTool } from "./masktool.js";

/** @type {Record<string, (bench: Bench) => Tool>} */
const TASK_TOOLS = Object.freeze({ detection: createBoxTool, instances: createBoxTool, keypoints: createBoxTool, segmentation: createMaskTool });

/**
 * @param {string} task
 * @param {Bench} bench
 * @returns {Tool | null} null where a task draws nothing
 */
export function createTool(task, bench) {
    return TASK_TOOLS[task]?.(bench) ?? null;
}
