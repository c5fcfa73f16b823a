// @ts-check
/**
 * The mask of an image in the page: a class for every pixel, changed by rectangles. No DOM in here.
 *
 * What a stroke paints is seen at once in `values`; once it is told to the kernel it is in `kept`, too, which
 * is what the next stroke is told against.
 *
 * @typedef {import("./view.js").Box} Box
 * @typedef {{ x: number, y: number, width: number, height: number, names: string[], runs: string }} Tile
 *     a rectangle as the kernel reads it: `names` of classes, empty for none; `runs`: row by row, runs of pixels
 *     alike, each `<place in names>x<count>`
 * @typedef {ReturnType<typeof createRaster>} Raster
 */

/**
 * @param {number} width
 * @param {number} height
 */
export function createRaster(width, height) {
    const values = new Uint16Array(width * height);
    const kept = new Uint16Array(width * height);
    /** @type {string[]} names of classes by value */
    const palette = [""];
    /** @type {number[]} pixels of each value, as they are kept */
    const counts = [width * height];
    /** @type {Box | null} what has changed since it was last asked */
    let dirty = null;
    let version = 0;

    /** @param {string} name of a class */
    function valueOf(name) {
        const known = palette.indexOf(name);
        if (known >= 0) return known;
        counts.push(0);
        return palette.push(name) - 1;
    }

    /** @param {Box} box */
    function touch(box) {
        dirty = dirty ? bothBoxes(dirty, box) : { ...box };
    }

    /**
     * @param {Box} box
     * @param {Uint16Array} from
     * @returns {Tile}
     */
    function tileOf({ x, y, width: across, height: down }, from) {
        const runs = [];
        const names = /** @type {string[]} */ ([]);
        /** @type {number[]} place in `names`, by value */
        const places = [];
        let [value, count] = [from[y * width + x], 0];
        const end = () => {
            places[value] ??= names.push(palette[value]) - 1;
            runs.push(`${places[value]}x${count}`);
        };
        for (let row = y; row < y + down; row += 1) {
            for (let at = row * width + x, last = at + across; at < last; at += 1) {
                if (from[at] === value) count += 1;
                else {
                    end();
                    [value, count] = [from[at], 1];
                }
            }
        }
        end();
        return { x, y, width: across, height: down, names, runs: runs.join(" ") };
    }

    return {
        width,
        height,
        values,
        palette,
        valueOf,
        touch,
        /** Another one after each change of what is kept. */
        get version() {
            return version;
        },
        /** Names of the classes in it, as it is kept. */
        get names() {
            return palette.filter((name, value) => name && counts[value] > 0);
        },
        /** Shares of the pixels by class, as it is kept. */
        get shares() {
            const entries = palette.map((name, value) => /** @type {[string, number]} */ ([name, counts[value] / values.length]));
            return new Map(entries.filter(([name, share]) => name && share > 0));
        },
        /** What has changed since this was last asked. */
        takeDirty() {
            const box = dirty;
            dirty = null;
            return box;
        },
        /**
         * All of it.
         *
         * @param {Uint8Array | Uint16Array} numbers
         * @param {Record<string, string>} names of classes by number
         */
        load(numbers, names) {
            const table = new Uint16Array(65_536);
            for (const [number, name] of Object.entries(names)) table[Number(number)] = valueOf(name);
            counts.fill(0);
            for (let at = 0; at < values.length; at += 1) {
                const value = table[numbers[at]];
                values[at] = value;
                counts[value] += 1;
            }
            kept.set(values);
            touch({ x: 0, y: 0, width, height });
        },
        /** @param {Tile} tile becomes what is kept and what is seen */
        apply({ x, y, width: across, names, runs }) {
            const own = names.map(valueOf);
            version += 1;
            let place = 0;
            let rows = 0;
            for (const run of runs.split(" ")) {
                const cut = run.indexOf("x");
                const value = own[Number(run.slice(0, cut))];
                for (let left = Number(run.slice(cut + 1)); left > 0; ) {
                    const column = place % across;
                    const many = Math.min(left, across - column);
                    rows = (place - column) / across;
                    const from = (y + rows) * width + x + column;
                    for (let at = from; at < from + many; at += 1) {
                        counts[kept[at]] -= 1;
                        kept[at] = values[at] = value;
                    }
                    counts[value] += many;
                    [place, left] = [place + many, left - many];
                }
            }
            touch({ x, y, width: across, height: rows + 1 });
        },
        /**
         * What has been painted in a rectangle since it was kept, as one change; null for nothing.
         *
         * @param {Box} box
         * @returns {{ before: Tile, after: Tile } | null}
         */
        change(box) {
            const part = differing(values, kept, width, box);
            return part && { before: tileOf(part, kept), after: tileOf(part, values) };
        },
        /** @param {Box} box is as it was kept */
        revert(box) {
            for (let row = box.y; row < box.y + box.height; row += 1) {
                const from = row * width + box.x;
                values.set(kept.subarray(from, from + box.width), from);
            }
            touch(box);
        },
    };
}

/**
 * The smallest rectangle around two.
 *
 * @param {Box} a
 * @param {Box} b
 * @returns {Box}
 */
export function bothBoxes(a, b) {
    const [x, y] = [Math.min(a.x, b.x), Math.min(a.y, b.y)];
    const right = Math.max(a.x + a.width, b.x + b.width);
    const bottom = Math.max(a.y + a.height, b.y + b.height);
    return { x, y, width: right - x, height: bottom - y };
}

/**
 * The smallest part of a rectangle in which two masks differ; null where they do not.
 *
 * @param {Uint16Array} one
 * @param {Uint16Array} other
 * @param {number} width of the masks
 * @param {Box} box
 * @returns {Box | null}
 */
function differing(one, other, width, box) {
    let [left, top, right, bottom] = [Infinity, Infinity, -1, -1];
    for (let row = box.y; row < box.y + box.height; row += 1) {
        for (let column = box.x; column < box.x + box.width; column += 1) {
            const at = row * width + column;
            if (one[at] === other[at]) continue;
            if (column < left) left = column;
            if (column > right) right = column;
            if (row < top) top = row;
            bottom = row;
        }
    }
    return bottom < 0 ? null : { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}
