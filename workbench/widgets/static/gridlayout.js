// @ts-check
/**
 * Arithmetic of the grid: where each of many cells lies, without an element for each. No DOM in here.
 *
 * @typedef {{ name: string, start: number, count: number }} Group cells `start` to `start + count - 1`
 * @typedef {{ columns: number, cell: number, header: number, tops: number[], height: number, groups: Group[] }} Layout
 *     `tops`: of each group's header, in CSS pixels
 */

/**
 * @param {Group[]} groups
 * @param {number} width in CSS pixels
 * @param {number} cell side of a cell with its gap
 * @param {number} header height of a group's header
 * @returns {Layout}
 */
export function layOutGrid(groups, width, cell, header) {
    const columns = Math.max(1, Math.floor(width / cell));
    let top = 0;
    const tops = groups.map(({ count }) => {
        const own = top;
        top += header + Math.ceil(count / columns) * cell;
        return own;
    });
    return { columns, cell, header, tops, height: top, groups };
}

/**
 * The last group that begins at or above a height.
 *
 * @param {Layout} layout
 * @param {number} y
 */
export function groupAt({ tops }, y) {
    let low = 0;
    let high = tops.length - 1;
    while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (tops[middle] <= y) low = middle;
        else high = middle - 1;
    }
    return low;
}

/**
 * The group that a cell is in.
 *
 * @param {Layout} layout
 * @param {number} index
 */
export function groupOf({ groups }, index) {
    let low = 0;
    let high = groups.length - 1;
    while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (groups[middle].start <= index) low = middle;
        else high = middle - 1;
    }
    return low;
}

/**
 * Upper left corner of a cell.
 *
 * @param {Layout} layout
 * @param {number} index
 */
export function placeOf(layout, index) {
    const group = groupOf(layout, index);
    const inside = index - layout.groups[group].start;
    return {
        x: (inside % layout.columns) * layout.cell,
        y: layout.tops[group] + layout.header + Math.floor(inside / layout.columns) * layout.cell,
    };
}

/**
 * The cell at a point; -1 between cells.
 *
 * @param {Layout} layout
 * @param {number} x
 * @param {number} y
 */
export function cellAt(layout, x, y) {
    if (!layout.groups.length || x < 0 || x >= layout.columns * layout.cell || y < 0) return -1;
    const group = groupAt(layout, y);
    const down = y - layout.tops[group] - layout.header;
    if (down < 0) return -1;
    const inside = Math.floor(down / layout.cell) * layout.columns + Math.floor(x / layout.cell);
    const { start, count } = layout.groups[group];
    return inside < count ? start + inside : -1;
}

/**
 * Cells that lie between two heights, in order; those are at most a screen's.
 *
 * @param {Layout} layout
 * @param {number} top
 * @param {number} bottom
 * @returns {number[]}
 */
export function cellsBetween(layout, top, bottom) {
    const { groups, tops, header, cell, columns } = layout;
    const out = [];
    if (!groups.length) return out;
    for (let group = groupAt(layout, top); group < groups.length && tops[group] < bottom; group++) {
        const inside = tops[group] + header;
        const first = Math.max(0, Math.floor((top - inside) / cell)) * columns;
        const last = Math.min(groups[group].count, Math.max(0, Math.ceil((bottom - inside) / cell)) * columns);
        for (let index = first; index < last; index++) out.push(groups[group].start + index);
    }
    return out;
}

/**
 * Cells whose middle lies in a shape.
 *
 * @param {Layout} layout
 * @param {{ x: number, y: number }[]} path corners; two are a box's
 * @returns {number[]}
 */
export function cellsInside(layout, path) {
    const xs = path.map(({ x }) => x);
    const ys = path.map(({ y }) => y);
    const half = layout.cell / 2;
    const box = path.length === 2;
    const [left, right] = [Math.min(...xs), Math.max(...xs)];
    const [top, bottom] = [Math.min(...ys), Math.max(...ys)];
    return cellsBetween(layout, top, bottom).filter((index) => {
        const place = placeOf(layout, index);
        // A box takes what it touches, a lasso what it surrounds.
        if (box) return place.x < right && place.x + layout.cell > left && place.y < bottom && place.y + layout.cell > top;
        return surrounds(path, place.x + half, place.y + half);
    });
}

/**
 * @param {{ x: number, y: number }[]} path
 * @param {number} x
 * @param {number} y
 */
function surrounds(path, x, y) {
    let inside = false;
    path.forEach((a, index) => {
        const b = path[(index + 1) % path.length];
        if (a.y > y !== b.y > y && x < a.x + ((y - a.y) / (b.y - a.y)) * (b.x - a.x)) inside = !inside;
    });
    return inside;
}

/**
 * The cell that an arrow key leads to.
 *
 * @param {Layout} layout
 * @param {number} index
 * @param {number} across columns to the right
 * @param {number} down rows
 */
export function cellBeside(layout, index, across, down) {
    const last = layout.groups.at(-1);
    const total = last ? last.start + last.count : 0;
    if (!down) return Math.min(total - 1, Math.max(0, index + across));
    const { x, y } = placeOf(layout, index);
    const half = layout.cell / 2;
    let to = y + half + down * layout.cell;
    for (let tries = 0; tries < 3; tries++) {
        // Over a header, and to the end of a row that is not full.
        for (let column = x + half; column > 0; column -= layout.cell) {
            const found = cellAt(layout, column, to);
            if (found >= 0) return found;
        }
        to += down * layout.header;
    }
    return index;
}
