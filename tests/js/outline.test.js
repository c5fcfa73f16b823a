/** Geometry of outlines: what is left alone stays to the last bit, holes are holes. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { holds, moved, resized } from "../../workbench/widgets/static/boxgeometry.js";
import { shaped } from "../../workbench/widgets/static/boxkeys.js";
import * as outline from "../../workbench/widgets/static/outline.js";
import { createRandom } from "./random.js";

const IMAGE = { width: 640, height: 480 };
const SQUARE = [[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75]];
const HOLE = [[0.4, 0.4], [0.4, 0.6], [0.6, 0.6], [0.6, 0.4]];

const thing = (...rings) => outline.withOutline({ id: "a", label: "coin" }, rings);
const near = (a, b) => assert.ok(Math.abs(a - b) < 1e-9, `${a} is not ${b}`);

test("the box of an object is the one around its outline, to the last bit", () => {
    const random = createRandom(1);
    for (let round = 0; round < 200; round += 1) {
        const ring = Array.from({ length: 3 + random.below(6) }, () => [random.below(1e6) / 1e6, random.below(1e6) / 1e6]);
        const { x, y, width, height } = thing(ring);
        assert.equal(x, Math.min(...ring.map((point) => point[0])));
        assert.equal(height, Math.max(...ring.map((point) => point[1])) - y);
        assert.ok(width >= 0);
    }
});

test("what is in a hole is not in the object", () => {
    const box = thing(SQUARE, HOLE);
    assert.ok(holds(box, IMAGE, { x: 0.3 * 640, y: 0.3 * 480 }));
    assert.ok(!holds(box, IMAGE, { x: 0.5 * 640, y: 0.5 * 480 }));
    assert.ok(!holds(box, IMAGE, { x: 0.1 * 640, y: 0.5 * 480 }));
});

test("an object is moved, stretched and turned with all of its rings, and stays in the image", () => {
    const box = thing(SQUARE, HOLE);
    const right = moved(box, IMAGE, { x: 64, y: 0 }, { reach: 0 });
    near(right.outline[1][0][0], 0.5);
    assert.deepEqual(right.outline[1].map((point) => point[1]), HOLE.map((point) => point[1]));
    const wall = moved(box, IMAGE, { x: 640, y: 0 }, { reach: 0 });
    near(wall.x + wall.width, 1);
    const wide = resized(box, IMAGE, { sx: 1, sy: 0 }, { x: 640, y: 0 }, { reach: 0 });
    near(wide.outline[0][1][0], 1);
    near(wide.outline[1][0][0], 0.25 + 0.15 * 1.5);
    let turned = box;
    for (let round = 0; round < 90; round += 1) turned = shaped("turnRight", turned, IMAGE);
    near(turned.width, (0.5 * 480) / 640);
    near(turned.height, (0.5 * 640) / 480);
    assert.equal(turned.angle, undefined);
});

test("points are found, put in, moved and taken out; a ring of two goes, the last one takes all", () => {
    const rings = [SQUARE, HOLE];
    assert.deepEqual(outline.cornerAt(rings, IMAGE, { x: 258, y: 190 }, 5), { ring: 1, place: 0 });
    assert.equal(outline.cornerAt(rings, IMAGE, { x: 200, y: 150 }, 5), null);
    const side = outline.borderAt(rings, IMAGE, { x: 300, y: 122 }, 5);
    assert.deepEqual(side, { corner: { ring: 0, place: 1 }, at: { x: 300, y: 120 } });
    const more = outline.withCorner(rings, side.corner, [0.5, 0.2], true);
    assert.deepEqual(more[0], [SQUARE[0], [0.5, 0.2], ...SQUARE.slice(1)]);
    assert.deepEqual(outline.withCorner(more, side.corner, null), rings);
    const triangle = outline.withCorner([HOLE], { ring: 0, place: 3 }, null);
    assert.equal(triangle[0].length, 3);
    assert.deepEqual(outline.withCorner(triangle, { ring: 0, place: 0 }, null), []);
    assert.deepEqual(rings, [SQUARE, HOLE]);
});

test("rings go the way round that they should, and one that crosses itself is known", () => {
    assert.ok(outline.signedArea(SQUARE) > 0);
    assert.ok(outline.signedArea(HOLE) < 0);
    assert.deepEqual(outline.wound(HOLE, false), HOLE);
    assert.ok(outline.signedArea(outline.wound(HOLE, true)) > 0);
    assert.ok(!outline.crossesItself(SQUARE));
    assert.ok(outline.crossesItself([SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3]]));
});
