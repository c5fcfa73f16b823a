// @ts-check
/**
 * What is drawn on images, as steps forward and back: changes of boxes, each before and after. An
 * object with an outline is a box that has one; of a mask, rectangles change. No DOM in here.
 *
 * @typedef {import("./boxgeometry.js").PlainBox} PlainBox
 * @typedef {import("./queue.js").Item} Item
 * @typedef {import("./raster.js").Tile} Tile
 * @typedef {{ before: PlainBox | null, after: PlainBox | null }} Change
 * @typedef {{ mask: string, names: string[] }} Mask of an image, as the kernel tells it: what it is called by its
 *     content, and its classes
 */

/**
 * Whether objects are drawn in a task.
 *
 * @param {string} task
 */
export function draws(task) {
    return task === "detection" || task === "instances" || task === "keypoints" || task === "segmentation";
}

/**
 * Words about boxes, as they are said where objects have outlines or points.
 *
 * @param {string} task
 * @param {string} words
 */
export function worded(task, words) {
    const other = /** @type {Record<string, string>} */ ({ instances: "object", keypoints: "object", segmentation: "region" })[task];
    if (!other) return words;
    const begun = other[0].toUpperCase() + other.slice(1);
    return words.replace(/box(es)?/gi, (word, many) => (word[0] === "B" ? begun : other) + (many ? "s" : ""));
}

/**
 * Boxes after changes. Changes that were applied already change nothing.
 *
 * @param {readonly PlainBox[]} boxes
 * @param {readonly Change[]} changes
 * @returns {PlainBox[]}
 */
export function changed(boxes, changes) {
    const byId = new Map(boxes.map((box) => [box.id, box]));
    for (const { before, after } of changes) {
        if (after) byId.set(after.id, after);
        else if (before) byId.delete(before.id);
    }
    return [...byId.values()];
}

/**
 * Changes that take others back.
 *
 * @param {readonly Change[]} changes
 * @returns {Change[]}
 */
export function inverse(changes) {
    return changes.map(({ before, after }) => ({ before: after, after: before })).reverse();
}

/**
 * The boxes of an image.
 *
 * @param {Item | null} item
 * @returns {PlainBox[]}
 */
export function boxesOf(item) {
    return /** @type {PlainBox[]} */ (/** @type {unknown} */ (item?.label ?? []));
}

/**
 * The mask of an image; null where it has boxes.
 *
 * @param {Item | null} item
 * @returns {Mask | null}
 */
export function maskOf(item) {
    const label = /** @type {any} */ (item?.label);
    return label && "mask" in label ? label : null;
}

/**
 * The classes that an image counts for, once each.
 *
 * @param {Item | null} item
 */
function countedClasses(item) {
    return maskOf(item)?.names ?? [...new Set(boxesOf(item).map((box) => box.label))];
}

/**
 * Change the boxes of an image. One that is done counts for its classes, whatever is drawn on it.
 *
 * @param {Item} item
 * @param {readonly Change[]} changes
 * @param {{ count: (label: string[], by: number) => void }} tally
 */
export function drawOn(item, changes, tally) {
    if (item.done) tally.count(countedClasses(item), -1);
    const mask = maskOf(item);
    if (mask) item.label = /** @type {any} */ ({ ...mask, names: paintOn(item, mask, /** @type {any[]} */ (changes)) });
    else item.label = /** @type {any} */ (changed(boxesOf(item), changes));
    if (item.done) tally.count(countedClasses(item), 1);
}

/**
 * Change a mask, as far as the page has it; the classes that are in it then.
 *
 * @param {Item} item
 * @param {Mask} mask
 * @param {{ before: Tile, after: Tile }[]} changes
 */
function paintOn({ raster }, { names }, changes) {
    if (!raster) return [...new Set([...names, ...changes.flatMap(({ after }) => after.names)])].filter(Boolean);
    for (const { after } of changes) raster.apply(after);
    return raster.names;
}

/**
 * An image is done, or not any more.
 *
 * @param {Item} item
 * @param {boolean} done
 * @param {{ count: (label: string[], by: number) => void }} tally
 */
export function markDone(item, done, tally) {
    if (Boolean(item.done) === done) return;
    item.done = done;
    tally.count(countedClasses(item), done ? 1 : -1);
}

/**
 * An image becomes what the kernel says that it is, with what is still on its way to it.
 *
 * @param {Item} item
 * @param {Item} told
 * @param {{ changes?: Change[] }[]} underWay
 */
export function asTold(item, told, underWay) {
    if (maskOf(told)) {
        Object.assign(item, told, { outdated: true }); // its pixels are asked for anew
        return;
    }
    const changes = underWay.flatMap((op) => op.changes ?? []);
    Object.assign(item, told, { label: changed(boxesOf(told), changes) });
}
