// @ts-check
/**
 * Areas of pixels: what a brush passes over, what a line encloses, what is enclosed. No DOM in here. A pixel
 * belongs to an area if its middle does.
 *
 * @typedef {import("./view.js").Box} Box
 * @typedef {import("./view.js").Point} Point
 * @typedef {import("./raster.js").Raster} Raster
 */

/**
 * Paint where a round brush passes on its way between two places.
 *
 * @param {Raster} raster
 * @param {Point} from in pixels of the image
 * @param {Point} to
 * @param {number} radius in pixels of the image
 * @param {(at: number) => boolean} may whether a pixel may be painted, by its place
 * @param {number} value
 * @returns {Box | null} what was passed over
 */
export function brushStroke(raster, from, to, radius, may, value) {
    const box = boxWithin(raster, {
        left: Math.min(from.x, to.x) - radius,
        top: Math.min(from.y, to.y) - radius,
        right: Math.max(from.x, to.x) + radius,
        bottom: Math.max(from.y, to.y) + radius,
    });
    if (!box) return null;
    const [dx, dy] = [to.x - from.x, to.y - from.y];
    const length = dx * dx + dy * dy;
    const reach = Math.max(radius, 0.5) ** 2;
    for (let row = box.y; row < box.y + box.height; row += 1) {
        for (let column = box.x; column < box.x + box.width; column += 1) {
            const [px, py] = [column + 0.5 - from.x, row + 0.5 - from.y];
            const along = length ? Math.min(1, Math.max(0, (px * dx + py * dy) / length)) : 0;
            const [ox, oy] = [px - along * dx, py - along * dy];
            const at = row * raster.width + column;
            if (ox * ox + oy * oy <= reach && may(at)) raster.values[at] = value;
        }
    }
    raster.touch(box);
    return box;
}

/**
 * Paint what closed lines enclose; what they enclose twice is outside.
 *
 * @param {Raster} raster
 * @param {readonly (readonly Point[])[]} rings in pixels of the image
 * @param {(at: number) => boolean} may
 * @param {number} value
 * @returns {Box | null}
 */
export function fillLines(raster, rings, may, value) {
    const edges = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
    for (const { x, y } of rings.flat()) {
        [edges.left, edges.right] = [Math.min(edges.left, x), Math.max(edges.right, x)];
        [edges.top, edges.bottom] = [Math.min(edges.top, y), Math.max(edges.bottom, y)];
    }
    const box = boxWithin(raster, edges);
    if (!box) return null;
    /** @type {number[][]} where the lines cross the middle of each row */
    const crossings = Array.from({ length: box.height }, () => []);
    for (const points of rings) {
        for (let place = 0; place < points.length; place += 1) {
            const [a, b] = [points[place], points[(place + 1) % points.length]];
            const [high, low] = a.y < b.y ? [a, b] : [b, a];
            const first = Math.max(box.y, Math.ceil(high.y - 0.5));
            const last = Math.min(box.y + box.height, Math.ceil(low.y - 0.5));
            for (let row = first; row < last; row += 1) {
                crossings[row - box.y].push(a.x + ((row + 0.5 - a.y) / (b.y - a.y)) * (b.x - a.x));
            }
        }
    }
    crossings.forEach((across, down) => {
        across.sort((a, b) => a - b);
        const row = (box.y + down) * raster.width;
        for (let place = 0; place + 1 < across.length; place += 2) {
            const first = Math.max(0, Math.ceil(across[place] - 0.5));
            const last = Math.min(raster.width, Math.ceil(across[place + 1] - 0.5));
            for (let at = row + first; at < row + last; at += 1) if (may(at)) raster.values[at] = value;
        }
    });
    raster.touch(box);
    return box;
}

/**
 * Paint the pixels alike around one, as far as they touch by their sides.
 *
 * @param {Raster} raster
 * @param {Uint16Array | Uint32Array} source in which they are alike
 * @param {number} start place of the pixel
 * @param {(at: number) => boolean} may
 * @param {number} value
 * @returns {Box}
 */
export function fillAlike(raster, source, start, may, value) {
    const { width, height } = raster;
    const like = source[start];
    const seen = new Uint8Array(width * height);
    const waiting = [start];
    seen[start] = 1;
    let [left, top, right, bottom] = [width, height, -1, -1];
    while (waiting.length) {
        const at = /** @type {number} */ (waiting.pop());
        const [column, row] = [at % width, Math.floor(at / width)];
        [left, right] = [Math.min(left, column), Math.max(right, column)];
        [top, bottom] = [Math.min(top, row), Math.max(bottom, row)];
        if (may(at)) raster.values[at] = value;
        const beside = [column > 0 && at - 1, column < width - 1 && at + 1, row > 0 && at - width, row < height - 1 && at + width];
        for (const next of beside) {
            if (next === false || seen[next] || source[next] !== like) continue;
            seen[next] = 1;
            waiting.push(next);
        }
    }
    const box = { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
    raster.touch(box);
    return box;
}

/**
 * Paint the holes of a class: what none of the classes has and the class keeps from the image's edge.
 *
 * @param {Raster} raster
 * @param {number} value of the class
 * @returns {Box} in which they are
 */
export function fillHoles(raster, value) {
    const { width, height, values } = raster;
    const open = new Uint8Array(width * height);
    /** @type {number[]} */
    const waiting = [];
    const reach = (/** @type {number} */ at) => {
        if (open[at] || values[at] === value) return;
        open[at] = 1;
        waiting.push(at);
    };
    for (let column = 0; column < width; column += 1) [column, (height - 1) * width + column].forEach(reach);
    for (let row = 0; row < height; row += 1) [row * width, row * width + width - 1].forEach(reach);
    while (waiting.length) {
        const at = /** @type {number} */ (waiting.pop());
        if (at % width) reach(at - 1);
        if (at % width < width - 1) reach(at + 1);
        if (at >= width) reach(at - width);
        if (at < width * (height - 1)) reach(at + width);
    }
    for (let at = 0; at < values.length; at += 1) if (!open[at] && !values[at]) values[at] = value;
    const all = { x: 0, y: 0, width, height };
    raster.touch(all);
    return all;
}

/**
 * @param {Raster} raster
 * @param {{ left: number, top: number, right: number, bottom: number }} edges
 * @returns {Box | null} null where nothing of it is in the image
 */
function boxWithin(raster, { left, top, right, bottom }) {
    const [x, y] = [Math.max(0, Math.floor(left)), Math.max(0, Math.floor(top))];
    const width = Math.min(raster.width, Math.ceil(right)) - x;
    const height = Math.min(raster.height, Math.ceil(bottom)) - y;
    return width > 0 && height > 0 ? { x, y, width, height } : null;
}
