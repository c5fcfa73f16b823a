// @ts-check
/**
 * What a label can be. In classification it is the name of a class; in multi-label the names of any
 * number of classes in the order of the class list, and none of them is a label, too: "none of
 * these". No label at all is null. No DOM in here.
 *
 * @typedef {string | string[]} Label
 */

/**
 * The classes that a label says.
 *
 * @param {Label | null | undefined} label
 * @returns {string[]}
 */
export function classesOf(label) {
    if (label == null) return [];
    return Array.isArray(label) ? label : [label];
}

/**
 * @param {Label | null | undefined} a
 * @param {Label | null | undefined} b
 */
export function sameLabel(a, b) {
    if (a == null || b == null) return a == b;
    const [some, others] = [classesOf(a), classesOf(b)];
    return some.length === others.length && some.every((name) => others.includes(name));
}

/**
 * A label as people read it; empty for none at all.
 *
 * @param {Label | null | undefined} label
 */
export function captionOf(label) {
    return Array.isArray(label) && !label.length ? "none of these" : classesOf(label).join(" + ");
}

/**
 * Those of the classes that are named, in their order.
 *
 * @param {string[]} classes
 * @param {string[]} names
 */
export function inOrder(classes, names) {
    return classes.filter((name) => names.includes(name));
}
