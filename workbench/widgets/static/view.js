// @ts-check
/**
 * Arithmetic of the view: where an image lies on the canvas. No DOM in here.
 *
 * @typedef {{ width: number, height: number }} Size
 * @typedef {{ x: number, y: number }} Point
 * @typedef {{ scale: number, x: number, y: number }} View image pixels to device pixels:
 *     `device = scale * image + (x, y)`
 * @typedef {{ x: number, y: number, width: number, height: number }} Box
 */

const MARGIN = 0.03; // of the canvas, around a fitted image
const CLOSEST = 32; // device pixels a pixel of the image, at least, in the closest view

/**
 * The view in which an image is wholly visible, centred.
 *
 * @param {Size} canvas
 * @param {Size} image
 * @returns {View}
 */
export function fit(canvas, image) {
    const room = 1 - 2 * MARGIN;
    const scale = Math.min((canvas.width * room) / image.width, (canvas.height * room) / image.height);
    return centred(canvas, image, scale);
}

/**
 * @param {Size} canvas
 * @param {Size} image
 * @param {number} scale
 * @returns {View}
 */
function centred(canvas, image, scale) {
    return {
        scale,
        x: (canvas.width - scale * image.width) / 2,
        y: (canvas.height - scale * image.height) / 2,
    };
}

/**
 * Zoom so that what lies under a point stays there, as far as the image's edges allow.
 *
 * @param {View} view
 * @param {Point} at in device pixels
 * @param {number} scale wanted
 * @param {Size} canvas
 * @param {Size} image
 * @returns {View}
 */
export function zoomTo(view, at, scale, canvas, image) {
    const whole = fit(canvas, image).scale;
    const bounded = Math.min(Math.max(scale, Math.min(whole, 1)), Math.max(whole, 1) * CLOSEST);
    const factor = bounded / view.scale;
    const moved = { scale: bounded, x: at.x - factor * (at.x - view.x), y: at.y - factor * (at.y - view.y) };
    return within(moved, canvas, image);
}

/**
 * @param {View} view
 * @param {Point} by in device pixels
 * @param {Size} canvas
 * @param {Size} image
 * @returns {View}
 */
export function panBy(view, by, canvas, image) {
    return within({ scale: view.scale, x: view.x + by.x, y: view.y + by.y }, canvas, image);
}

/**
 * The nearest view in which the image fills the canvas, or is centred where it is smaller.
 *
 * @param {View} view
 * @param {Size} canvas
 * @param {Size} image
 * @returns {View}
 */
export function within(view, canvas, image) {
    const middle = centred(canvas, image, view.scale);
    return {
        scale: view.scale,
        x: middle.x >= 0 ? middle.x : Math.min(0, Math.max(2 * middle.x, view.x)),
        y: middle.y >= 0 ? middle.y : Math.min(0, Math.max(2 * middle.y, view.y)),
    };
}

/**
 * The part of the image that is to be seen, in whole pixels of the image.
 *
 * @param {View} view
 * @param {Size} canvas
 * @param {Size} image
 * @returns {Box}
 */
export function visible(view, canvas, image) {
    const left = Math.max(0, Math.floor(-view.x / view.scale));
    const top = Math.max(0, Math.floor(-view.y / view.scale));
    const right = Math.min(image.width, Math.ceil((canvas.width - view.x) / view.scale));
    const bottom = Math.min(image.height, Math.ceil((canvas.height - view.y) / view.scale));
    return { x: left, y: top, width: Math.max(1, right - left), height: Math.max(1, bottom - top) };
}

const AROUND = 0.25; // of the visible box, asked for on every side of it: small pans need nothing new

/**
 * The part of the image whose finer pixels are worth asking for; null where what is there will do.
 *
 * @param {{ view: View, canvas: Size, image: Size }} at
 * @param {number} sharpness pixels the picture at hand has a pixel of the image, at most 1
 * @param {{ box: Box, sharpness: number } | null} detail finer pixels of a part, at hand
 * @returns {{ box: Box, side: number } | null} `side`: of the box's longer side, in pixels wanted
 */
export function finerPart({ view, canvas, image }, sharpness, detail) {
    const wanted = Math.min(1, view.scale);
    if (wanted <= sharpness * 1.05) return null;
    const seen = visible(view, canvas, image);
    if (detail && wanted <= detail.sharpness * 1.05 && contains(seen, detail.box)) return null;
    const left = Math.max(0, Math.floor(seen.x - AROUND * seen.width));
    const top = Math.max(0, Math.floor(seen.y - AROUND * seen.height));
    const right = Math.min(image.width, Math.ceil(seen.x + (1 + AROUND) * seen.width));
    const bottom = Math.min(image.height, Math.ceil(seen.y + (1 + AROUND) * seen.height));
    const box = { x: left, y: top, width: right - left, height: bottom - top };
    return { box, side: Math.ceil(wanted * Math.max(box.width, box.height)) };
}

/**
 * Whether one box lies wholly in another.
 *
 * @param {Box} inner
 * @param {Box} outer
 */
export function contains(inner, outer) {
    return (
        inner.x >= outer.x &&
        inner.y >= outer.y &&
        inner.x + inner.width <= outer.x + outer.width &&
        inner.y + inner.height <= outer.y + outer.height
    );
}
