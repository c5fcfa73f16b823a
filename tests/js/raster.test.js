/** Masks in the page: strokes, lines, fills, and the rectangles that they are told by. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { createRaster } from "../../workbench/widgets/static/raster.js";
import { brushStroke, fillAlike, fillHoles, fillLines } from "../../workbench/widgets/static/strokes.js";
import { createRandom } from "./random.js";

const anywhere = () => true;
const all = (raster) => ({ x: 0, y: 0, width: raster.width, height: raster.height });
const count = (raster, value) => raster.values.filter((each) => each === value).length;

function painted(width = 20, height = 12) {
    const raster = createRaster(width, height);
    const value = raster.valueOf("coin");
    return { raster, value };
}

test("what a rectangle says, another mask is after it, to the pixel", () => {
    const random = createRandom(3);
    for (let round = 0; round < 100; round += 1) {
        const [width, height] = [1 + random.below(15), 1 + random.below(15)];
        const numbers = Uint8Array.from({ length: width * height }, () => random.below(4));
        const raster = createRaster(width, height);
        raster.load(numbers, { 1: "a", 2: "b", 3: "c" });
        const before = raster.values.slice();
        for (let at = 0; at < raster.values.length; at += 1) {
            if (random.below(3) === 0) raster.values[at] = raster.valueOf("abcd"[random.below(4)]);
        }
        const after = raster.values.slice();
        const change = raster.change(all(raster));
        if (!change) continue;
        raster.apply(change.after);
        assert.deepEqual(raster.values, after);
        raster.apply(change.before);
        assert.deepEqual(raster.values, before);
        assert.equal(raster.change(all(raster)), null);
        const names = [...new Set(before)].filter(Boolean).map((value) => raster.palette[value]);
        assert.deepEqual([...raster.names].sort(), names.sort());
        const shares = [...raster.shares.values()].reduce((sum, share) => sum + share, 0);
        assert.ok(Math.abs(shares - before.filter(Boolean).length / before.length) < 1e-12);
    }
});

test("a rectangle is no larger than what has changed, and names only what is in it", () => {
    const { raster, value } = painted();
    raster.values[3 * 20 + 7] = value;
    raster.values[5 * 20 + 9] = value;
    const { before, after } = raster.change(all(raster));
    assert.deepEqual([after.x, after.y, after.width, after.height], [7, 3, 3, 3]);
    assert.deepEqual(before, { x: 7, y: 3, width: 3, height: 3, names: [""], runs: "0x9" });
    assert.deepEqual(after.names, ["coin", ""]);
    assert.equal(after.runs, "0x1 1x7 0x1");
});

test("a brush paints the pixels whose middles it passes over, and nothing beyond the image", () => {
    const { raster, value } = painted();
    brushStroke(raster, { x: 5, y: 6 }, { x: 14, y: 6 }, 2.5, anywhere, value);
    for (let at = 0; at < raster.values.length; at += 1) {
        const [x, y] = [(at % 20) + 0.5, Math.floor(at / 20) + 0.5];
        const along = Math.min(14, Math.max(5, x));
        assert.equal(raster.values[at] === value, Math.hypot(x - along, y - 6) <= 2.5, `${x}, ${y}`);
    }
    assert.equal(brushStroke(raster, { x: -50, y: 0 }, { x: -40, y: 0 }, 2, anywhere, value), null);
    brushStroke(raster, { x: -1, y: -1 }, { x: 30, y: 30 }, 100, anywhere, value);
    assert.equal(count(raster, value), 20 * 12);
});

test("a brush of one pixel paints one", () => {
    const { raster, value } = painted();
    brushStroke(raster, { x: 5.3, y: 6.7 }, { x: 5.3, y: 6.7 }, 0.5, anywhere, value);
    assert.equal(count(raster, value), 1);
    assert.equal(raster.values[6 * 20 + 5], value);
});

test("a line encloses what is inside of it, other classes spared where they are to be", () => {
    const { raster, value } = painted();
    const other = raster.valueOf("other");
    raster.values[4 * 20 + 5] = other;
    const square = [{ x: 3, y: 2 }, { x: 9, y: 2 }, { x: 9, y: 8 }, { x: 3, y: 8 }];
    fillLines(raster, [square], (at) => raster.values[at] === 0, value);
    assert.equal(count(raster, value), 35);
    fillLines(raster, [square], anywhere, value);
    assert.equal(count(raster, value), 36);
    fillLines(raster, [[{ x: -9, y: -9 }, { x: 99, y: -9 }, { x: 99, y: 99 }, { x: -9, y: 99 }]], anywhere, other);
    assert.equal(count(raster, other), 20 * 12);
});

test("a fill takes what is alike and touches by its sides", () => {
    const { raster, value } = painted(5, 5);
    const wall = raster.valueOf("wall");
    for (const at of [2, 7, 12, 17, 22]) raster.values[at] = wall; // a column
    fillAlike(raster, raster.values.slice(), 0, anywhere, value);
    assert.equal(count(raster, value), 10);
    assert.equal(raster.values[4], 0);
});

test("holes are what a class keeps from the edge, if nothing is in it", () => {
    const { raster, value } = painted(7, 7);
    const other = raster.valueOf("other");
    for (let at = 0; at < 49; at += 1) {
        const [x, y] = [at % 7, Math.floor(at / 7)];
        if (Math.max(Math.abs(x - 3), Math.abs(y - 3)) === 2) raster.values[at] = value;
    }
    raster.values[3 * 7 + 3] = other;
    fillHoles(raster, value);
    assert.equal(count(raster, value), 16 + 8);
    assert.equal(raster.values[3 * 7 + 3], other);
    assert.equal(raster.values[0], 0);
});

test("a stroke that is broken off leaves what was kept", () => {
    const { raster, value } = painted();
    const box = brushStroke(raster, { x: 5, y: 6 }, { x: 14, y: 6 }, 2.5, anywhere, value);
    raster.revert(box);
    assert.equal(raster.change(all(raster)), null);
    assert.equal(count(raster, value), 0);
});
