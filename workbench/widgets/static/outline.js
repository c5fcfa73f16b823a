// @ts-check
/**
 * Geometry of outlines: rings of points as shares of the upright image. What lies in an odd number of
 * rings belongs to the object, so a ring inside of another is a hole. The box of an object with an
 * outline is the upright one around it. No DOM in here.
 *
 * @typedef {import("./boxgeometry.js").PlainBox} PlainBox
 * @typedef {import("./view.js").Point} Point in pixels of the image
 * @typedef {import("./view.js").Size} Size
 * @typedef {[x: number, y: number]} Share
 * @typedef {Share[]} Ring
 * @typedef {{ ring: number, place: number }} Corner a point of an outline
 */

export const LEAST_POINTS = 3;

/**
 * An object with another outline; its box follows.
 *
 * @template {PlainBox} T
 * @param {T} box
 * @param {Ring[]} outline
 * @returns {T}
 */
export function withOutline({ angle: _, ...box }, outline) {
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (const ring of outline)
        for (const [x, y] of ring) {
            [left, right] = [Math.min(left, x), Math.max(right, x)];
            [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
        }
    return /** @type {T} */ ({ ...box, x: left, y: top, width: right - left, height: bottom - top, outline });
}

/**
 * An object whose box was moved or scaled; its outline goes along.
 *
 * @param {PlainBox} box as it was
 * @param {PlainBox} next with the box that it is to have
 * @returns {PlainBox}
 */
export function carriedOutline(box, next) {
    if (!box.outline) return next;
    const along = (/** @type {number} */ at, /** @type {number} */ from, /** @type {number} */ to, /** @type {number} */ by) =>
        by === 1 ? at + (to - from) : to + (at - from) * by;
    const by = (/** @type {number} */ from, /** @type {number} */ to) => (from ? to / from : 1); // points can be in one line
    const [wide, high] = [by(box.width, next.width), by(box.height, next.height)];
    const moved = box.outline.map((ring) =>
        ring.map(([x, y]) => /** @type {Share} */ ([along(x, box.x, next.x, wide), along(y, box.y, next.y, high)])),
    );
    return withOutline(next, moved);
}

/**
 * An object turned clockwise about the middle of its box, in the image's pixels.
 *
 * @param {PlainBox} box
 * @param {Size} image
 * @param {number} degrees
 * @returns {PlainBox}
 */
export function turned(box, image, degrees) {
    const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
    const middle = { x: (box.x + box.width / 2) * image.width, y: (box.y + box.height / 2) * image.height };
    const outline = (box.outline ?? []).map((ring) =>
        ring.map(([x, y]) => {
            const [across, down] = [x * image.width - middle.x, y * image.height - middle.y];
            return /** @type {Share} */ ([
                (middle.x + across * cos - down * sin) / image.width,
                (middle.y + across * sin + down * cos) / image.height,
            ]);
        }),
    );
    return withOutline(box, outline);
}

/**
 * Rings in pixels of the image.
 *
 * @param {readonly Ring[]} outline
 * @param {Size} image
 * @returns {Point[][]}
 */
export function inPixels(outline, image) {
    return outline.map((ring) => ring.map(([x, y]) => ({ x: x * image.width, y: y * image.height })));
}

/**
 * Whether a point lies in an odd number of rings.
 *
 * @param {readonly Ring[]} outline
 * @param {Size} image
 * @param {Point} point
 */
export function isWithin(outline, image, point) {
    const [x, y] = [point.x / image.width, point.y / image.height];
    let within = false;
    for (const ring of outline) {
        let [fromX, fromY] = ring[ring.length - 1];
        for (const [toX, toY] of ring) {
            if (fromY > y !== toY > y && x < fromX + ((y - fromY) * (toX - fromX)) / (toY - fromY)) within = !within;
            [fromX, fromY] = [toX, toY];
        }
    }
    return within;
}

/**
 * The point of an outline that another is close to; of several the closest.
 *
 * @param {readonly Ring[]} outline
 * @param {Size} image
 * @param {Point} point
 * @param {number} reach pixels of the image
 * @returns {Corner | null}
 */
export function cornerAt(outline, image, point, reach) {
    /** @type {Corner | null} */
    let found = null;
    let least = reach;
    inPixels(outline, image).forEach((points, ring) =>
        points.forEach(({ x, y }, place) => {
            const away = Math.hypot(x - point.x, y - point.y);
            if (away <= least) [found, least] = [{ ring, place }, away];
        }),
    );
    return found;
}

/**
 * The place on a side of an outline that a point is close to, and where in its ring a point there would be.
 *
 * @param {readonly Ring[]} outline
 * @param {Size} image
 * @param {Point} point
 * @param {number} reach pixels of the image
 * @returns {{ corner: Corner, at: Point } | null}
 */
export function borderAt(outline, image, point, reach) {
    /** @type {{ corner: Corner, at: Point } | null} */
    let found = null;
    let least = reach;
    inPixels(outline, image).forEach((points, ring) =>
        points.forEach((to, place) => {
            const from = points[(place || points.length) - 1];
            const at = nearest(from, to, point);
            const away = Math.hypot(at.x - point.x, at.y - point.y);
            if (away <= least) [found, least] = [{ corner: { ring, place }, at }, away];
        }),
    );
    return found;
}

/**
 * @param {Point} from
 * @param {Point} to
 * @param {Point} point
 * @returns {Point} of the line between them, the nearest to the third
 */
export function nearest(from, to, point) {
    const [x, y] = [to.x - from.x, to.y - from.y];
    const length = x * x + y * y;
    const share = length ? Math.min(1, Math.max(0, ((point.x - from.x) * x + (point.y - from.y) * y) / length)) : 0;
    return { x: from.x + share * x, y: from.y + share * y };
}

/**
 * An outline with a point put in, moved, or taken out. A ring that is left with two points goes.
 *
 * @param {readonly Ring[]} outline
 * @param {Corner} corner
 * @param {Share | null} to null takes it out
 * @param {boolean} [added] whether it is put in before the one that is there
 * @returns {Ring[]} empty if nothing is left
 */
export function withCorner(outline, { ring, place }, to, added = false) {
    const points = outline[ring].toSpliced(place, added ? 0 : 1, ...(to ? [to] : []));
    return outline.toSpliced(ring, 1, ...(points.length < LEAST_POINTS ? [] : [points]));
}

/**
 * A ring that goes clockwise on the screen, or the other way round, as holes do: whatever rule it is
 * filled by, a hole is one.
 *
 * @param {Ring} ring
 * @param {boolean} clockwise
 * @returns {Ring}
 */
export function wound(ring, clockwise) {
    return signedArea(ring) > 0 === clockwise ? ring : ring.toReversed();
}

/** @param {Ring} ring */
export function signedArea(ring) {
    return ring.reduce((sum, [x, y], place) => {
        const [toX, toY] = ring[(place + 1) % ring.length];
        return sum + (x * toY - toX * y) / 2;
    }, 0);
}

/**
 * Whether two sides of a ring that are not neighbours cross.
 *
 * @param {Ring} ring
 */
export function crossesItself(ring) {
    const count = ring.length;
    const side = (/** @type {Share} */ a, /** @type {Share} */ b, /** @type {Share} */ p) =>
        Math.sign((b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]));
    for (let one = 0; one < count; one += 1)
        for (let other = one + 2; other < count - (one ? 0 : 1); other += 1) {
            const [a, b, c, d] = [ring[one], ring[one + 1], ring[other], ring[(other + 1) % count]];
            if (side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0) return true;
        }
    return false;
}
