/** Where the cells of a grid lie, of a hundred thousand as well as of three. */

import assert from "node:assert/strict";
import { test } from "node:test";

import {
    cellAt, cellBeside, cellsBetween, cellsInside, groupAt, groupOf, layOutGrid, placeOf,
} from "../../workbench/widgets/static/gridlayout.js";
import { createRandom } from "./random.js";

const CELL = 76;
const HEADER = 30;

/** @param {number[]} counts images in each group */
function groupsOf(counts) {
    let start = 0;
    return counts.map((count, index) => {
        const group = { name: `group ${index}`, start, count };
        start += count;
        return group;
    });
}

const layOut = (counts, width = 900) => layOutGrid(groupsOf(counts), width, CELL, HEADER);

/** Some layouts: of any width, of groups of any size. */
function* layouts(random, times) {
    for (let n = 0; n < times; n++) {
        const counts = Array.from({ length: 1 + random.below(12) }, () => 1 + random.below(60));
        yield layOut(counts, 1 + random.below(1_500));
    }
}

test("every cell is found again where it lies, and lies nowhere twice", () => {
    for (const layout of layouts(createRandom(1), 100)) {
        const total = layout.groups.reduce((sum, { count }) => sum + count, 0);
        const places = new Set();
        for (let index = 0; index < total; index++) {
            const { x, y } = placeOf(layout, index);
            places.add(`${x} ${y}`);
            assert.equal(cellAt(layout, x + 1, y + 1), index);
            assert.equal(cellAt(layout, x + CELL - 1, y + CELL - 1), index);
            assert.ok(y + CELL <= layout.height);
            const { start, count } = layout.groups[groupOf(layout, index)];
            assert.ok(start <= index && index < start + count);
        }
        assert.equal(places.size, total);
        assert.deepEqual(cellsBetween(layout, 0, layout.height), [...Array(total).keys()]);
    }
});

test("what lies between two heights is exactly what one sees there", () => {
    const random = createRandom(2);
    for (const layout of layouts(random, 100)) {
        const total = layout.groups.reduce((sum, { count }) => sum + count, 0);
        const top = random.below(layout.height) - 50;
        const bottom = top + 1 + random.below(600);
        const seen = [...Array(total).keys()].filter((index) => {
            const { y } = placeOf(layout, index);
            return y < bottom && y + CELL > top;
        });
        assert.deepEqual(cellsBetween(layout, top, bottom), seen);
    }
});

test("between cells, in headers and outside there is none", () => {
    const layout = layOut([3, 2]);
    assert.equal(cellAt(layout, 5, 5), -1, "the header");
    assert.equal(cellAt(layout, 5 * CELL, HEADER + 5), -1, "the end of a row that is not full");
    assert.equal(cellAt(layout, -1, HEADER + 5), -1);
    assert.equal(cellAt(layout, layout.columns * CELL + 1, HEADER + 5), -1);
    assert.equal(cellAt(layout, 5, layout.height + 500), -1);
    assert.equal(cellAt(layOut([]), 5, 5), -1);
    assert.deepEqual(cellsBetween(layOut([]), 0, 900), []);
});

test("of a hundred thousand images a screen holds a screen's, wherever one looks", () => {
    for (const counts of [[100_000], Array(2_000).fill(50), Array(100_000).fill(1)]) {
        const layout = layOut(counts);
        const rows = Math.ceil(1_200 / CELL) + 1;
        for (let step = 0; step <= 100; step++) {
            const top = (layout.height * step) / 100;
            const cells = cellsBetween(layout, top, top + 1_200);
            assert.ok(cells.length <= rows * layout.columns, `${cells.length} cells`);
            for (const index of cells.slice(0, 3)) {
                const { y } = placeOf(layout, index);
                assert.ok(y < top + 1_200 && y + CELL > top);
            }
        }
        assert.equal(cellsBetween(layout, layout.height - CELL, layout.height).at(-1), 99_999);
    }
});

test("the group of a height is the one whose header was passed last", () => {
    const layout = layOut([5, 40, 1]);
    layout.tops.forEach((top, group) => {
        assert.equal(groupAt(layout, top), group);
        assert.equal(groupAt(layout, top + HEADER + 1), group);
    });
});

test("a box takes what it touches, a lasso what it surrounds", () => {
    const layout = layOut([40]);
    const at = (index, share) => {
        const { x, y } = placeOf(layout, index);
        return { x: x + share * CELL, y: y + share * CELL };
    };
    assert.deepEqual(cellsInside(layout, [at(0, 0.9), at(1, 0.1)]), [0, 1]);
    assert.deepEqual(cellsInside(layout, [at(1, 0.1), at(0, 0.9)]), [0, 1], "drawn the other way round");
    const left = placeOf(layout, 0);
    const lasso = [{ x: -5, y: left.y - 5 }, { x: 1.8 * CELL, y: left.y - 5 }, { x: 1.8 * CELL, y: left.y + 0.8 * CELL }, { x: -5, y: left.y + 0.8 * CELL }];
    assert.deepEqual(cellsInside(layout, lasso), [0, 1]);
    assert.deepEqual(cellsInside(layout, [at(0, 0.6), at(0, 0.9), at(1, 0.3)]), [], "round no middle");
});

test("arrow keys go from cell to cell, over headers and short rows, and never out", () => {
    for (const layout of layouts(createRandom(3), 60)) {
        const total = layout.groups.reduce((sum, { count }) => sum + count, 0);
        for (let index = 0; index < total; index++) {
            for (const [across, down] of [[-1, 0], [1, 0], [0, -1], [0, 1]]) {
                const to = cellBeside(layout, index, across, down);
                assert.ok(to >= 0 && to < total);
                if (across) assert.equal(to, Math.min(total - 1, Math.max(0, index + across)));
                if (down) assert.ok((to - index) * down >= 0);
            }
        }
        // Down from the first to the end: every group is passed through.
        let [index, groups] = [0, new Set([0])];
        for (let to = 0; (to = cellBeside(layout, index, 0, 1)) !== index; index = to) groups.add(groupOf(layout, to));
        assert.equal(groups.size, layout.groups.length);
    }
});
