// @ts-check
/**
 * What is drawn on images, as steps forward and back: changes of boxes, each before and after. An
 * object with an outline is a box that has one. No DOM in here.
 *
 * @typedef {import("./boxgeometry.js").PlainBox} PlainBox
 * @typedef {import("./queue.js").Item} Item
 * @typedef {{ before: PlainBox | null, after: PlainBox | null }} Change
 */

/**
 * Whether objects are drawn in a task.
 *
 * @param {string} task
 */
export function draws(task) {
    return task === "detection" || task === "instances";
}

/**
 * Words about boxes, as they are said where objects have outlines.
 *
 * @param {string} task
 * @param {string} words
 */
export function worded(task, words) {
    if (task !== "instances") return words;
    return words.replace(/box(es)?/gi, (word, many) => (word[0] === "B" ? "Object" : "object") + (many ? "s" : ""));
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
 * The classes that an image with boxes counts for, once each.
 *
 * @param {Item | null} item
 */
function countedClasses(item) {
    return [...new Set(boxesOf(item).map((box) => box.label))];
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
    item.label = /** @type {any} */ (changed(boxesOf(item), changes));
    if (item.done) tally.count(countedClasses(item), 1);
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
    const changes = underWay.flatMap((op) => op.changes ?? []);
    Object.assign(item, told, { label: changed(boxesOf(told), changes) });
}
