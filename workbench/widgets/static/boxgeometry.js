// @ts-check
/**
 * Geometry of boxes. A box is kept as shares of the upright image, and turned clockwise by degrees
 * about its middle in the image's pixels. Whatever a change leaves alone keeps its shares to the last
 * bit. Where an object has an outline or points, they go along. No DOM in here.
 *
 * @typedef {import("./view.js").Point} Point in pixels of the image
 * @typedef {import("./view.js").Size} Size
 * @typedef {{ id: string, label: string, x: number, y: number, width: number, height: number,
 *             angle?: number, confidence?: number, outline?: import("./outline.js").Ring[],
 *             points?: import("./points.js").Keypoints,
 *             attributes?: Record<string, boolean | number | string> }} PlainBox
 * @typedef {{ sx: -1 | 0 | 1, sy: -1 | 0 | 1, turn?: boolean }} Handle the side that moves on each
 *     axis of the box: -1 left or top, 1 right or bottom, 0 neither
 * @typedef {{ free?: boolean, reach: number }} Snap `free`: edges of the image neither hold nor
 *     attract; `reach`: pixels of the image within which they attract
 */

import { carriedOutline, isWithin } from "./outline.js";
import { areInImage, carriedPoints } from "./points.js";

const RIGHT_ANGLES_WITHIN = 2; // degrees, within which a turn stops at a multiple of 90
export const LEAST = 1; // pixel of the image, of a box's sides

/**
 * @param {PlainBox} box as it was
 * @param {PlainBox} next with the box that it is to have
 * @returns {PlainBox} with its outline or its points
 */
const carried = (box, next) => (box.points ? carriedPoints(box, next) : carriedOutline(box, next));

/**
 * Where a box is, in pixels.
 *
 * @param {PlainBox} box
 * @param {Size} image
 */
export function frameOf(box, image) {
    const [width, height] = [box.width * image.width, box.height * image.height];
    const middle = { x: box.x * image.width + width / 2, y: box.y * image.height + height / 2 };
    const turn = ((box.angle ?? 0) * Math.PI) / 180;
    return { width, height, middle, cos: Math.cos(turn), sin: Math.sin(turn) };
}

/**
 * A point of the image along the box's own axes, from its middle.
 *
 * @param {ReturnType<typeof frameOf>} frame
 * @param {Point} point
 * @returns {Point}
 */
export function toOwn({ middle, cos, sin }, point) {
    const [x, y] = [point.x - middle.x, point.y - middle.y];
    return { x: x * cos + y * sin, y: y * cos - x * sin };
}

/**
 * @param {ReturnType<typeof frameOf>} frame
 * @param {Point} own
 * @returns {Point} of the image
 */
export function fromOwn({ middle, cos, sin }, own) {
    return { x: middle.x + own.x * cos - own.y * sin, y: middle.y + own.x * sin + own.y * cos };
}

/**
 * The corners, clockwise from what is the top left one before turning.
 *
 * @param {PlainBox} box
 * @param {Size} image
 * @returns {Point[]}
 */
export function cornersOf(box, image) {
    const frame = frameOf(box, image);
    const [x, y] = [frame.width / 2, frame.height / 2];
    return [
        ...[{ x: -x, y: -y }, { x, y: -y }, { x, y }, { x: -x, y }],
    ].map((own) => fromOwn(frame, own));
}

/**
 * The upright box around one that may be turned: left, top, right and bottom in pixels.
 *
 * @param {PlainBox} box
 * @param {Size} image
 * @returns {[number, number, number, number]}
 */
export function around(box, image) {
    const { width, height, middle, cos, sin } = frameOf(box, image);
    const x = (Math.abs(width * cos) + Math.abs(height * sin)) / 2;
    const y = (Math.abs(width * sin) + Math.abs(height * cos)) / 2;
    return [middle.x - x, middle.y - y, middle.x + x, middle.y + y];
}

/**
 * @param {PlainBox} box
 * @param {Size} image
 * @param {Point} point
 */
export function holds(box, image, point) {
    if (box.outline) return isWithin(box.outline, image, point);
    const frame = frameOf(box, image);
    const own = toOwn(frame, point);
    return Math.abs(own.x) <= frame.width / 2 && Math.abs(own.y) <= frame.height / 2;
}

/**
 * What of a box a point would take hold of: its turning handle, a corner or an edge. What has an outline
 * or points is taken by those.
 *
 * @param {PlainBox} box
 * @param {Size} image
 * @param {Point} point
 * @param {number} reach pixels of the image
 * @param {number} away pixels of the image that the turning handle is above the box
 * @returns {Handle | null}
 */
export function handleAt(box, image, point, reach, away) {
    if (box.outline || box.points) return null;
    const frame = frameOf(box, image);
    const own = toOwn(frame, point);
    if (Math.hypot(own.x, own.y + frame.height / 2 + away) <= reach) return { sx: 0, sy: 0, turn: true };
    const [sx, sy] = [sideAt(own.x, frame.width / 2, reach), sideAt(own.y, frame.height / 2, reach)];
    return sx === null || sy === null || (!sx && !sy) ? null : { sx, sy };
}

/**
 * @param {number} at along an axis, from the middle
 * @param {number} half the side
 * @param {number} reach
 * @returns {-1 | 0 | 1 | null} null beyond the box
 */
function sideAt(at, half, reach) {
    if (Math.abs(at) > half + reach) return null;
    const within = Math.min(reach, half / 2); // small boxes can still be moved
    if (Math.abs(at) < half - within) return 0;
    return at < 0 ? -1 : 1;
}

/**
 * A place on an axis as a share of the image, held and attracted by the image's edges.
 *
 * @param {number} at in pixels
 * @param {number} size of the image on this axis
 * @param {Snap} snap
 */
export function snapped(at, size, { free, reach }) {
    if (free) return at / size;
    if (at <= reach) return 0;
    return at >= size - reach ? 1 : at / size;
}

/**
 * The upright box between two points.
 *
 * @param {Point} from
 * @param {Point} to
 * @param {Size} image
 * @param {Snap} snap
 */
export function between(from, to, image, snap) {
    const xs = [from.x, to.x].map((at) => snapped(at, image.width, snap));
    const ys = [from.y, to.y].map((at) => snapped(at, image.height, snap));
    const [x, y] = [Math.min(...xs), Math.min(...ys)];
    return { x, y, width: Math.max(...xs) - x, height: Math.max(...ys) - y };
}

/**
 * A box moved by some pixels.
 *
 * @param {PlainBox} box
 * @param {Size} image
 * @param {Point} by
 * @param {Snap} snap
 * @returns {PlainBox}
 */
export function moved(box, image, by, snap) {
    const [left, top, right, bottom] = around(box, image);
    const [width, height] = [right - left, bottom - top];
    const shift = (/** @type {number} */ edge, /** @type {number} */ side, /** @type {number} */ size) =>
        heldShift(edge, side, size, snap, Boolean(box.angle));
    const x = by.x ? movedTo(box.x, box.width, by.x, image.width, shift(left + by.x, width, image.width)) : box.x;
    const y = by.y ? movedTo(box.y, box.height, by.y, image.height, shift(top + by.y, height, image.height)) : box.y;
    return carried(box, { ...box, x, y });
}

/**
 * @param {number} start share
 * @param {number} extent share
 * @param {number} by pixels
 * @param {number} size of the image
 * @param {number | "start" | "end"} held what the image's edges add, or at which of them it is
 */
function movedTo(start, extent, by, size, held) {
    if (held === "start") return 0;
    if (held === "end") return 1 - extent;
    return start + (by + held) / size;
}

/**
 * @param {number} edge the lower one, in pixels
 * @param {number} side
 * @param {number} size of the image
 * @param {Snap} snap
 * @param {boolean} turned then it has no edge that could lie on the image's, and is only held
 * @returns {number | "start" | "end"}
 */
function heldShift(edge, side, size, { free, reach }, turned) {
    if (free || side > size) return 0; // what is larger than the image, nothing can hold
    const over = edge + side - size;
    if (turned) return Math.max(0, -edge) - Math.max(0, over);
    if (edge <= reach) return "start";
    return over >= -reach ? "end" : 0;
}

/**
 * A box with one or two of its sides moved to a point.
 *
 * @param {PlainBox} box
 * @param {Size} image
 * @param {Handle} handle
 * @param {Point} to
 * @param {Snap} snap
 * @returns {PlainBox}
 */
export function resized(box, image, { sx, sy }, to, snap) {
    if (box.angle) return resizedTurned(box, image, { sx, sy }, to);
    const [x, width] = sideMoved(box.x, box.width, sx, snapped(to.x, image.width, snap), LEAST / image.width);
    const [y, height] = sideMoved(box.y, box.height, sy, snapped(to.y, image.height, snap), LEAST / image.height);
    return carried(box, { ...box, x, y, width, height });
}

/**
 * @param {number} start
 * @param {number} extent
 * @param {-1 | 0 | 1} side
 * @param {number} to
 * @param {number} least
 * @returns {[start: number, extent: number]} all of it shares
 */
function sideMoved(start, extent, side, to, least) {
    if (side === 0) return [start, extent];
    if (side === 1) return [start, Math.max(least, to - start)];
    const next = Math.min(to, start + extent - least);
    return [next, start + extent - next];
}

/**
 * @param {PlainBox} box
 * @param {Size} image
 * @param {Handle} handle
 * @param {Point} to
 * @returns {PlainBox}
 */
function resizedTurned(box, image, { sx, sy }, to) {
    const frame = frameOf(box, image);
    const own = toOwn(frame, to);
    const width = sx ? Math.max(LEAST, frame.width / 2 + sx * own.x) : frame.width;
    const height = sy ? Math.max(LEAST, frame.height / 2 + sy * own.y) : frame.height;
    // The sides across from the hand stay where they are.
    const middle = fromOwn(frame, { x: (sx * (width - frame.width)) / 2, y: (sy * (height - frame.height)) / 2 });
    return {
        ...box,
        x: (middle.x - width / 2) / image.width,
        y: (middle.y - height / 2) / image.height,
        width: sx ? width / image.width : box.width,
        height: sy ? height / image.height : box.height,
    };
}

/**
 * A box turned to have its turning handle towards a point.
 *
 * @param {PlainBox} box
 * @param {Size} image
 * @param {Point} to
 * @param {boolean} [free] whether right angles do not attract
 * @returns {PlainBox}
 */
export function turnedTowards(box, image, to, free = false) {
    const { middle } = frameOf(box, image);
    const degrees = (Math.atan2(to.y - middle.y, to.x - middle.x) * 180) / Math.PI + 90;
    const right = 90 * Math.round(degrees / 90);
    return withAngle(box, !free && Math.abs(degrees - right) <= RIGHT_ANGLES_WITHIN ? right : degrees);
}

/**
 * @param {PlainBox} box
 * @param {number} degrees
 * @returns {PlainBox}
 */
export function withAngle({ angle: _, ...box }, degrees) {
    const rounded = Math.round(100 * degrees) / 100;
    const angle = rounded - 360 * Math.ceil((rounded - 180) / 360); // above -180, at most 180
    return angle ? { ...box, angle } : box;
}

/**
 * Whether some of a box, or all points of an object, are in the image.
 *
 * @param {PlainBox} box
 * @param {Size} image
 */
export function isInside(box, image) {
    if (box.points) return areInImage(box.points);
    const [left, top, right, bottom] = around(box, image);
    return left < image.width && top < image.height && right > 0 && bottom > 0;
}

/**
 * Intersection over union, of the upright boxes around.
 *
 * @param {readonly number[]} a left, top, right, bottom
 * @param {readonly number[]} b
 */
export function overlap(a, b) {
    const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
    const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
    if (width <= 0 || height <= 0) return 0;
    const common = width * height;
    return common / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common);
}
