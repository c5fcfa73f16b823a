// @ts-check
/**
 * Named points on a canvas.
 *
 * @typedef {import("./view.js").Point} Point on the canvas
 */

import { paintDot } from "./outlinepaint.js";

const [RADIUS, HELD] = [4, 6]; // CSS px

/**
 * Dots where points are: full where they can be seen, else hollow.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {readonly ((Point & { occluded: boolean }) | null)[]} points
 * @param {string} colour
 * @param {number} [held] index of the one under the hand
 */
export function paintPoints(context, points, colour, held = -1) {
    points.forEach((point, place) => {
        if (!point) return;
        const radius = place === held ? HELD : RADIUS;
        paintDot(context, point, "rgba(0, 0, 0, 0.55)", radius + 1, "transparent"); // apart from any image
        paintDot(context, point, point.occluded ? "#fff" : colour, radius, point.occluded ? colour : "#fff");
    });
}
