// @ts-check
/** What keys do to the shape of a box. No DOM in here. */

import { frameOf, fromOwn, isInside, moved, resized, withAngle } from "./boxgeometry.js";
import { turned } from "./outline.js";
import { turnedPoints } from "./points.js";

/**
 * @typedef {import("./boxgeometry.js").PlainBox} PlainBox
 * @typedef {import("./boxgeometry.js").Size} Size
 */

const FAR = 10; // pixels
const TURN = 1; // degree

/** @type {Record<string, [x: number, y: number]>} */
export const MOVES = Object.freeze({
    ...{ left: [-1, 0], right: [1, 0], up: [0, -1], down: [0, 1] },
    ...{ farLeft: [-FAR, 0], farRight: [FAR, 0], farUp: [0, -FAR], farDown: [0, FAR] },
});
/** @type {Record<string, [x: number, y: number]>} */
const GROWTHS = Object.freeze({ narrower: [-1, 0], wider: [1, 0], lower: [0, -1], taller: [0, 1] });
/** @type {Record<string, number>} */
const TURNS = Object.freeze({ turnLeft: -TURN, turnRight: TURN });

/** Actions that change the shape of the selected box. */
export const SHAPING = Object.freeze([...Object.keys(MOVES), ...Object.keys(GROWTHS), ...Object.keys(TURNS)]);

/**
 * @param {string} action one of `SHAPING`
 * @param {PlainBox} box
 * @param {Size} image
 * @returns {PlainBox} the same box where it would leave the image
 */
export function shaped(action, box, image) {
    const next = boxAfter(action, box, image);
    return isInside(next, image) ? next : box;
}

/**
 * @param {string} action
 * @param {PlainBox} box
 * @param {Size} image
 * @returns {PlainBox}
 */
function boxAfter(action, box, image) {
    if (action in TURNS && box.points) return turnedPoints(box, image, TURNS[action]);
    if (action in TURNS && box.outline) return turned(box, image, TURNS[action]);
    if (action in TURNS) return withAngle(box, (box.angle ?? 0) + TURNS[action]);
    if (action in MOVES) {
        const [x, y] = MOVES[action];
        return moved(box, image, { x, y }, { reach: 0 });
    }
    const [x, y] = GROWTHS[action];
    const frame = frameOf(box, image);
    const to = fromOwn(frame, { x: frame.width / 2 + x, y: frame.height / 2 + y });
    return resized(box, image, { sx: x ? 1 : 0, sy: y ? 1 : 0 }, to, { reach: 0 });
}
