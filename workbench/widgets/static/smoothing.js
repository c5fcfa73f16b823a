// @ts-check
/**
 * A class of a mask without details much smaller than a radius: it has the pixels around which it has more than half, but
 * takes none from another class. No DOM in here.
 *
 * @typedef {import("./view.js").Box} Box
 * @typedef {import("./raster.js").Raster} Raster
 */

/**
 * @param {Raster} raster
 * @param {number} value of the class
 * @param {number} radius of the square that is looked at, in whole pixels
 * @returns {Box | null} in which it was smoothed; null where the class is nowhere
 */
export function smoothArea(raster, value, radius) {
    const box = boxOf(raster, value, radius);
    if (!box) return null;
    const { values, width } = raster;
    const shares = new Float32Array(box.width * box.height);
    for (let row = 0, to = 0; row < box.height; row += 1) {
        for (let at = (box.y + row) * width + box.x, last = at + box.width; at < last; at += 1, to += 1) {
            shares[to] = values[at] === value ? 1 : 0;
        }
    }
    for (let row = 0; row < box.height; row += 1) average(shares, row * box.width, 1, box.width, radius);
    for (let column = 0; column < box.width; column += 1) average(shares, column, box.width, box.height, radius);
    for (let row = 0, from = 0; row < box.height; row += 1) {
        for (let at = (box.y + row) * width + box.x, last = at + box.width; at < last; at += 1, from += 1) {
            if (values[at] === value && shares[from] < 0.5) values[at] = 0;
            else if (values[at] === 0 && shares[from] > 0.5) values[at] = value;
        }
    }
    raster.touch(box);
    return box;
}

/**
 * Replace each number of a row or a column by the average around it; beyond its ends it goes on as it ended.
 *
 * @param {Float32Array} numbers
 * @param {number} start
 * @param {number} step from one to the next
 * @param {number} count
 * @param {number} radius
 */
function average(numbers, start, step, count, radius) {
    const own = Float32Array.from({ length: count }, (_, place) => numbers[start + place * step]);
    const number = (/** @type {number} */ place) => own[Math.min(count - 1, Math.max(0, place))];
    let sum = 0;
    for (let place = -radius; place <= radius; place += 1) sum += number(place);
    for (let place = 0; place < count; place += 1) {
        numbers[start + place * step] = sum / (2 * radius + 1);
        sum += number(place + radius + 1) - number(place - radius);
    }
}

/**
 * @param {Raster} raster
 * @param {number} value
 * @param {number} around pixels beyond the class on each side
 * @returns {Box | null}
 */
function boxOf({ values, width, height }, value, around) {
    let [left, top, right, bottom] = [Infinity, Infinity, -1, -1];
    for (let at = 0; at < values.length; at += 1) {
        if (values[at] !== value) continue;
        const [column, row] = [at % width, Math.floor(at / width)];
        [left, right] = [Math.min(left, column), Math.max(right, column)];
        [top, bottom] = [Math.min(top, row), row];
    }
    if (bottom < 0) return null;
    const [x, y] = [Math.max(0, left - around), Math.max(0, top - around)];
    return { x, y, width: Math.min(width, right + 1 + around) - x, height: Math.min(height, bottom + 1 + around) - y };
}
