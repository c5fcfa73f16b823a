/** Geometry of named points: what is left alone stays to the last bit, and nothing leaves the image. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { isInside, moved, resized } from "../../workbench/widgets/static/boxgeometry.js";
import { shaped } from "../../workbench/widgets/static/boxkeys.js";
import { createBoxModel } from "../../workbench/widgets/static/boxmodel.js";
import * as points from "../../workbench/widgets/static/points.js";
import { createRandom } from "./random.js";

const IMAGE = { width: 640, height: 480 };
const SKELETON = { labels: ["head", "paw", "tail"], edges: [[0, 1], [0, 2]] };
const HEAD = [0.25, 0.5, "visible"];
const TAIL = [0.75, 0.25, "occluded"];

const thing = (...all) => points.withPoints({ id: "a", label: "cat" }, all);
const near = (a, b) => assert.ok(Math.abs(a - b) < 1e-9, `${a} is not ${b}`);

test("the box of an object is the extent of those of its points that are there", () => {
    const { x, y, width, height } = thing(HEAD, null, TAIL);
    assert.deepEqual([x, y, width, height], [0.25, 0.25, 0.5, 0.25]);
    assert.deepEqual([thing(null, HEAD, null).width, thing(null, HEAD, null).x], [0, 0.25]);
});

test("an object is moved with all of its points, and stays in the image to the last bit", () => {
    const random = createRandom(3);
    for (let round = 0; round < 300; round += 1) {
        const any = () => (random.below(4) ? [random.below(1e6) / 1e6, random.below(1e6) / 1e6, "visible"] : null);
        const box = thing(any(), HEAD, any());
        const by = { x: random.below(1280) - 640, y: random.below(960) - 480 };
        const next = moved(box, IMAGE, by, { reach: 0 });
        assert.ok(points.areInImage(next.points) && isInside(next, IMAGE));
        assert.deepEqual(next.points.map(Boolean), box.points.map(Boolean));
    }
    const right = moved(thing(HEAD, null, TAIL), IMAGE, { x: 64, y: 0 }, { reach: 0 });
    near(right.points[0][0], 0.35);
    assert.deepEqual(right.points.map((point) => point?.slice(1)), [[0.5, "visible"], undefined, [0.25, "occluded"]]);
});

test("points in one line can be moved, stretched across and turned", () => {
    const box = thing(HEAD, [0.5, 0.5, "visible"], null);
    near(resized(box, IMAGE, { sx: 1, sy: 0 }, { x: 480, y: 0 }, { reach: 0 }).points[1][0], 0.75);
    const turned = shaped("turnRight", box, IMAGE);
    assert.ok(turned.height > 0 && turned.points[2] === null);
    near(moved(box, IMAGE, { x: 0, y: 48 }, { reach: 0 }).points[1][1], 0.6);
});

test("keys leave an object alone where a point would leave the image", () => {
    const box = thing([0, 0, "visible"], [0, 1, "visible"], null);
    assert.equal(shaped("turnRight", box, IMAGE), box);
});

test("a point is seen otherwise, goes, and comes", () => {
    assert.deepEqual(points.otherwiseSeen(HEAD), [0.25, 0.5, "occluded"]);
    assert.deepEqual(points.otherwiseSeen(points.otherwiseSeen(TAIL)), TAIL);
    assert.deepEqual(points.withPoint([HEAD, TAIL], 0, null), [null, TAIL]);
});

test("the nearest point is taken, else a line, and nothing from afar", () => {
    const [one, other] = [thing(HEAD, null, TAIL), thing([0.26, 0.5, "visible"], null, null)];
    const at = (x, y) => points.pointAt([one, other], SKELETON, IMAGE, { x: x * 640, y: y * 480 }, 8);
    assert.deepEqual([at(0.251, 0.5).box, at(0.251, 0.5).place], [one, 0]);
    assert.deepEqual([at(0.259, 0.5).box, at(0.259, 0.5).place], [other, 0]);
    assert.deepEqual([at(0.5, 0.375).box, at(0.5, 0.375).place], [one, -1]);
    assert.equal(at(0.5, 0.5), null);
    assert.equal(points.linesOf(one.points, SKELETON.edges).length, 1);
});

test("a copy lies beside its object, and not on another that is the same", () => {
    let made = 0;
    const model = createBoxModel(() => `new${(made += 1)}`);
    const box = thing(HEAD, null, TAIL);
    model.show([box], IMAGE, null);
    const [{ after }] = model.beside(box);
    near(after.points[0][0], 0.25 + 10 / 640);
    assert.deepEqual(model.repeat([box]), []);
    assert.equal(model.repeat([thing(HEAD, null, [0.75, 0.25, "visible"])]).length, 1);
});
