// @ts-check
/**
 * Geometry of named points: those of an object in the order of its skeleton, as shares of the upright
 * image. The box of such an object is the upright one around its points, which can be flat. No DOM in here.
 *
 * @typedef {import("./boxgeometry.js").PlainBox} PlainBox
 * @typedef {import("./view.js").Point} Point in pixels of the image
 * @typedef {import("./view.js").Size} Size
 * @typedef {"visible" | "occluded"} Visibility
 * @typedef {[x: number, y: number, seen: Visibility]} Keypoint
 * @typedef {(Keypoint | null)[]} Keypoints null where one is not there
 * @typedef {{ labels: string[], edges: [number, number][] }} Skeleton
 */

import { carriedOutline, nearest, turned } from "./outline.js";

const ROUNDING = 1e-9; // share of the image

/** @param {Keypoints} points */
export const placed = (points) => /** @type {Keypoint[]} */ (points.filter(Boolean));

/**
 * An object with other points, at least one of which is there; its box follows.
 *
 * @template {PlainBox} T
 * @param {T} box
 * @param {Keypoints} points
 * @returns {T}
 */
export function withPoints({ outline: _, angle: __, ...box }, points) {
    const [xs, ys] = [0, 1].map((axis) => placed(points).map((point) => Number(point[axis])));
    const [x, y] = [Math.min(...xs), Math.min(...ys)];
    return /** @type {T} */ ({ ...box, x, y, width: Math.max(...xs) - x, height: Math.max(...ys) - y, points });
}

/**
 * Points with one of them somewhere else, otherwise to be seen, or not there (null).
 *
 * @param {Keypoints} points
 * @param {number} place
 * @param {Keypoint | null} to
 * @returns {Keypoints}
 */
export const withPoint = (points, place, to) => points.toSpliced(place, 1, to);

/** @param {Keypoint} point */
export const otherwiseSeen = ([x, y, seen]) => /** @type {Keypoint} */ ([x, y, seen === "visible" ? "occluded" : "visible"]);

/** @param {Keypoints} points */
export const areInImage = (points) => placed(points).every(([x, y]) => x >= 0 && x <= 1 && y >= 0 && y <= 1);

/**
 * An object whose box was moved or scaled; its points go along.
 *
 * @param {PlainBox} box as it was
 * @param {PlainBox} next with the box that it is to have
 */
export const carriedPoints = (box, next) => fromRing(box, carriedOutline(asRing(box), { ...next, outline: asRing(box).outline }));

/**
 * An object turned clockwise about the middle of its box, in the image's pixels.
 *
 * @param {PlainBox} box
 * @param {Size} image
 * @param {number} degrees
 */
export const turnedPoints = (box, image, degrees) => fromRing(box, turned(asRing(box), image, degrees));

/**
 * What was held at an edge of the image is at it.
 *
 * @param {number} at share
 */
function onEdge(at) {
    const edge = Math.min(1, Math.max(0, Math.round(at)));
    return Math.abs(at - edge) < ROUNDING ? edge : at;
}

/** @param {PlainBox} box */
function asRing(box) {
    return { ...box, outline: [placed(box.points ?? []).map(([x, y]) => /** @type {[number, number]} */ ([x, y]))] };
}

/**
 * @param {PlainBox} box with its points as they were
 * @param {PlainBox} next with those that were there as a ring
 */
function fromRing(box, next) {
    const places = [...(next.outline?.[0] ?? [])];
    const points = (box.points ?? []).map((point) => {
        const at = point && places.shift();
        return point && at ? /** @type {Keypoint} */ ([...at.map(onEdge), point[2]]) : null;
    });
    return withPoints(next, points);
}

/**
 * Points in pixels of the image.
 *
 * @param {Keypoints} points
 * @param {Size} image
 * @returns {((Point & { occluded: boolean }) | null)[]}
 */
export function pointsInPixels(points, image) {
    return points.map((point) => point && { x: point[0] * image.width, y: point[1] * image.height, occluded: point[2] === "occluded" });
}

/**
 * The lines of a skeleton both of whose ends are there.
 *
 * @template T
 * @param {(T | null)[]} points
 * @param {readonly [number, number][]} edges
 * @returns {[T, T][]}
 */
export function linesOf(points, edges) {
    const lines = edges.map(([from, to]) => [points[from], points[to]]);
    return /** @type {[T, T][]} */ (lines.filter(([from, to]) => from && to));
}

/**
 * What of some objects another point is close to: the nearest of their points, else a line of the skeleton.
 *
 * @param {readonly PlainBox[]} boxes of several that are as close the first
 * @param {Skeleton} skeleton
 * @param {Size} image
 * @param {Point} point
 * @param {number} reach pixels of the image
 * @returns {{ box: PlainBox, place: number } | null} `place`: -1 for a line
 */
export function pointAt(boxes, skeleton, image, point, reach) {
    /** @type {{ box: PlainBox, place: number } | null} */
    let [found, least] = [null, reach];
    const away = (/** @type {Point} */ at) => Math.hypot(at.x - point.x, at.y - point.y);
    const places = boxes.map((box) => pointsInPixels(box.points ?? [], image));
    places.forEach((all, number) =>
        all.forEach((at, place) => {
            if (at && (found ? away(at) < least : away(at) <= least)) [found, least] = [{ box: boxes[number], place }, away(at)];
        }),
    );
    if (found) return found;
    places.forEach((all, number) => {
        for (const [from, to] of linesOf(all, skeleton.edges)) {
            const far = away(nearest(from, to, point));
            if (far <= least) [found, least] = [{ box: boxes[number], place: -1 }, far];
        }
    });
    return found;
}
