// @ts-check
/** The classes' colours. */

// Okabe and Ito's palette, told apart by colour-blind eyes; beyond eight, it begins anew.
const COLOURS = ["#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#0072b2", "#d55e00", "#f0e442", "#999"];

/** @param {number} index of the class */
export function classColour(index) {
    return COLOURS[((index % COLOURS.length) + COLOURS.length) % COLOURS.length];
}

/**
 * Black or white, whichever is read better on a colour.
 *
 * @param {string} colour as `#rgb` or `#rrggbb`
 */
export function textOn(colour) {
    const long = colour.length === 4 ? colour.replace(/[0-9a-f]/g, "$&$&") : colour;
    const [red, green, blue] = [1, 3, 5].map((at) => parseInt(long.slice(at, at + 2), 16));
    return 0.3 * red + 0.59 * green + 0.11 * blue > 110 ? "#000" : "#fff";
}

/**
 * Colours side by side, as a background image.
 *
 * @param {string[]} colours
 */
export function stripesOf(colours) {
    if (!colours.length) return "none";
    const share = 100 / colours.length;
    const stripes = colours.map((colour, index) => `${colour} ${index * share}% ${(index + 1) * share}%`);
    return `linear-gradient(90deg, ${stripes.join()})`;
}
