/** A class of a mask is smoothed: spikes go, dents are filled, other classes stay. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { createRaster } from "../../workbench/widgets/static/raster.js";
import { smoothArea } from "../../workbench/widgets/static/smoothing.js";

/** A square of the class in the middle of a mask. */
function createSquare() {
    const raster = createRaster(40, 30);
    const value = raster.valueOf("coin");
    for (let row = 8; row < 22; row += 1) raster.values.fill(value, row * 40 + 10, row * 40 + 30);
    return { raster, value, at: (column, row) => row * 40 + column };
}

test("spikes go and dents are filled, the rest stays as it is", () => {
    const { raster, value, at } = createSquare();
    raster.values[at(20, 7)] = raster.values[at(20, 6)] = value;
    raster.values[at(15, 8)] = raster.values[at(15, 15)] = 0;
    const box = smoothArea(raster, value, 2);
    assert.deepEqual([at(20, 7), at(20, 6), at(15, 8), at(15, 15)].map((place) => raster.values[place]), [0, 0, value, value]);
    const count = raster.values.filter((each) => each === value).length;
    assert.ok(Math.abs(count - 14 * 20) <= 12, `${count}: corners alone are rounded`);
    assert.ok(box.x <= 8 && box.y <= 6 && box.x + box.width >= 32);
    assert.equal(raster.change(box).after.names.includes("coin"), true);
});

test("another class loses no pixel", () => {
    const { raster, value, at } = createSquare();
    const other = raster.valueOf("other");
    raster.values[at(15, 15)] = other;
    smoothArea(raster, value, 2);
    assert.equal(raster.values[at(15, 15)], other);
});

test("a class that is nowhere, and one that is everywhere", () => {
    const { raster, value } = createSquare();
    assert.equal(smoothArea(raster, raster.valueOf("none"), 2), null);
    raster.values.fill(value);
    smoothArea(raster, value, 3);
    assert.ok(raster.values.every((each) => each === value));
});
