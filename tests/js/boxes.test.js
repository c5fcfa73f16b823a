/** Geometry of boxes, and what a hand has before it: what is left alone stays to the last bit. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { valueOf } from "../../workbench/widgets/static/attributes.js";
import * as geometry from "../../workbench/widgets/static/boxgeometry.js";
import { SHAPING, shaped } from "../../workbench/widgets/static/boxkeys.js";
import { createBoxModel } from "../../workbench/widgets/static/boxmodel.js";
import { changed, inverse } from "../../workbench/widgets/static/drawing.js";
import { createRandom } from "./random.js";

const IMAGE = { width: 640, height: 480 };
const FREE = { free: true, reach: 0 };
const HANDLES = [-1, 0, 1].flatMap((sx) => [-1, 0, 1].map((sy) => ({ sx, sy }))).filter(({ sx, sy }) => sx || sy);

function randomBox(random, angle = 0) {
    const [width, height] = [0.05 + random.below(400) / 1e3 / 1.7, 0.05 + random.below(400) / 1e3 / 1.3];
    const box = { id: `box${random.below(1e9)}`, label: "coin", x: ((1 - width) * random.below(997)) / 997 };
    return { ...box, y: ((1 - height) * random.below(991)) / 991, width, height, ...(angle && { angle }) };
}

const near = (a, b, message) => assert.ok(Math.abs(a - b) < 1e-6, `${message ?? ""} ${a} is not ${b}`);

test("a side that moves leaves the sides across from it where they are, turned or not", () => {
    const random = createRandom(1);
    for (let round = 0; round < 300; round += 1) {
        const box = randomBox(random, random.pick([0, 0, 30, -75, 180]));
        for (const handle of HANDLES) {
            const to = { x: random.below(640), y: random.below(480) };
            const next = geometry.resized(box, IMAGE, handle, to, FREE);
            if (!handle.sx) assert.equal(next.width, box.width);
            if (!handle.sy) assert.equal(next.height, box.height);
            if (!handle.sx && !box.angle) assert.equal(next.x, box.x);
            if (handle.sx === 1 && !box.angle) assert.equal(next.x, box.x);
            assert.ok(next.width > 0 && next.height > 0);
            const across = (each) => {
                const frame = geometry.frameOf(each, IMAGE);
                return geometry.fromOwn(frame, { x: (-handle.sx * frame.width) / 2, y: (-handle.sy * frame.height) / 2 });
            };
            near(across(next).x, across(box).x, "across");
            near(across(next).y, across(box).y, "across");
        }
    }
});

test("a corner follows the pointer", () => {
    const box = { id: "a", label: "coin", x: 0.25, y: 0.25, width: 0.25, height: 0.25 };
    const next = geometry.resized(box, IMAGE, { sx: 1, sy: 1 }, { x: 500.5, y: 400.25 }, FREE);
    assert.deepEqual([next.x, next.y], [0.25, 0.25]);
    near((next.x + next.width) * 640, 500.5);
    near((next.y + next.height) * 480, 400.25);
});

test("the image's edges attract and hold, unless they are told not to", () => {
    const box = { id: "a", label: "coin", x: 0.1, y: 0.1, width: 0.3, height: 0.3 };
    const snap = { reach: 6 };
    assert.equal(geometry.moved(box, IMAGE, { x: -60, y: 0 }, snap).x, 0, "nearly at the edge");
    const [left, right] = [-999, 999].map((x) => geometry.moved(box, IMAGE, { x, y: 0 }, snap));
    assert.deepEqual([left.x, left.y, left.width], [0, 0.1, 0.3]);
    near(right.x + right.width, 1);
    assert.ok(geometry.moved(box, IMAGE, { x: -100, y: 0 }, { free: true, reach: 6 }).x < 0);
    assert.equal(geometry.resized(box, IMAGE, { sx: -1, sy: 0 }, { x: 4, y: 0 }, snap).x, 0);
    const drawn = geometry.between({ x: -20, y: 3 }, { x: 700, y: 200 }, IMAGE, snap);
    assert.deepEqual(drawn, { x: 0, y: 0, width: 1, height: 200 / 480 });
    const turned = geometry.moved({ ...box, angle: 45 }, IMAGE, { x: -999, y: 0 }, snap);
    near(geometry.around(turned, IMAGE)[0], 0, "a turned box is held by its corners");
});

test("moving changes the place and nothing else", () => {
    const random = createRandom(2);
    for (let round = 0; round < 200; round += 1) {
        const box = randomBox(random, random.pick([0, 20]));
        const next = geometry.moved(box, IMAGE, { x: 0, y: random.below(9) - 4 }, { reach: 0 });
        assert.equal(next.x, box.x);
        assert.deepEqual({ ...next, y: 0 }, { ...box, y: 0 });
    }
});

test("a turning handle is followed, right angles attract, and no turn is no angle", () => {
    const box = { id: "a", label: "coin", x: 0.25, y: 0.25, width: 0.25, height: 0.25 };
    const { middle } = geometry.frameOf(box, IMAGE);
    const towards = (degrees, free) => {
        const turn = ((degrees - 90) * Math.PI) / 180;
        return geometry.turnedTowards(box, IMAGE, { x: middle.x + 99 * Math.cos(turn), y: middle.y + 99 * Math.sin(turn) }, free);
    };
    near(towards(30).angle, 30);
    assert.equal(towards(91.5).angle, 90);
    near(towards(91.5, true).angle, 91.5);
    assert.ok(!("angle" in towards(1)));
    assert.deepEqual(geometry.withAngle({ ...box, angle: 179 }, 181).angle, -179);
    assert.equal(geometry.withAngle(box, 180).angle, 180);
});

test("handles are where they are drawn, also on a turned box", () => {
    const random = createRandom(3);
    for (let round = 0; round < 200; round += 1) {
        const box = randomBox(random, random.pick([0, 10, 135, -60]));
        const frame = geometry.frameOf(box, IMAGE);
        for (const { sx, sy } of HANDLES) {
            const at = geometry.fromOwn(frame, { x: (sx * frame.width) / 2, y: (sy * frame.height) / 2 });
            assert.deepEqual(geometry.handleAt(box, IMAGE, at, 5, 20), { sx, sy });
        }
        assert.equal(geometry.handleAt(box, IMAGE, frame.middle, 5, 20), null);
        const above = geometry.fromOwn(frame, { x: 1, y: -frame.height / 2 - 21 });
        assert.equal(geometry.handleAt(box, IMAGE, above, 5, 20)?.turn, true);
    }
});

test("keys move by a pixel, shape by a pixel, turn by a degree, and there and back is where it was", () => {
    const box = { id: "a", label: "coin", x: 0.25, y: 0.25, width: 0.25, height: 0.25 };
    const opposite = { left: "right", up: "down", farLeft: "farRight", narrower: "wider", lower: "taller", turnLeft: "turnRight" };
    near(shaped("farRight", box, IMAGE).x * 640, 170);
    near(shaped("wider", box, IMAGE).width * 640, 161);
    assert.equal(shaped("wider", box, IMAGE).height, box.height);
    for (const [one, other] of Object.entries(opposite)) {
        const there = shaped(one, box, IMAGE);
        assert.notDeepEqual(there, box, one);
        const back = shaped(other, there, IMAGE);
        for (const name of ["x", "y", "width", "height"]) near(back[name], box[name], one);
        assert.ok(!back.angle);
    }
    let held = box;
    for (let press = 0; press < 999; press += 1) held = shaped("left", held, IMAGE);
    assert.equal(held.x, 0);
    assert.ok(SHAPING.includes("turnLeft"));
});

test("changes and their inverse come back to the last bit, and applied twice change nothing more", () => {
    const random = createRandom(4);
    let boxes = Array.from({ length: 30 }, () => randomBox(random));
    for (let round = 0; round < 100; round += 1) {
        const [one, other] = [random.pick(boxes), random.pick(boxes)];
        const fresh = randomBox(random);
        const changes = [{ before: null, after: fresh }, { before: one, after: { ...one, x: one.x / 3 } }];
        if (other !== one) changes.push({ before: other, after: null });
        const next = changed(boxes, changes);
        assert.deepEqual(changed(next, changes), next);
        const sorted = (all) => all.toSorted((a, b) => (a.id < b.id ? -1 : 1));
        assert.deepEqual(sorted(changed(next, inverse(changes))), sorted(boxes));
        boxes = next.slice(0, 30);
    }
});

function createModel(boxes = [], ghosts = []) {
    let next = 0;
    const model = createBoxModel(() => `new${++next}`);
    model.show(boxes, IMAGE, ghosts.length ? { boxes: ghosts, model: "round 1", threshold: 0.5 } : null);
    return model;
}

const at = (id, x, y, side = 0.1, more = {}) => ({ id, label: "coin", x, y, width: side, height: side, ...more });

test("a suggestion takes the place of the box that it is of, which keeps its id and what was said of it", () => {
    const box = at("a", 0.3, 0.3, 0.1, { attributes: { worn: true } });
    const other = at("b", 0.6, 0.6);
    const placed = at("g1", 0.32, 0.3, 0.1, { confidence: 0.9, instead: "a" }); // overlaps it by two thirds
    const named = at("g2", 0.6, 0.6, 0.1, { label: "ring", confidence: 0.8, instead: "b" });
    const model = createModel([box, other], [placed, named]);
    assert.deepEqual(model.ghosts.map(({ id }) => id), ["g1", "g2"], "though boxes are there");
    const changes = model.accept([placed, named]);
    assert.deepEqual(changes, [
        { before: box, after: { ...box, x: 0.32 } },
        { before: other, after: { ...other, label: "ring" } },
    ]);
    const ghosts = { boxes: [placed, named], model: "round 1", threshold: 0.5 };
    model.show(changes.map(({ after }) => after), IMAGE, ghosts);
    assert.deepEqual(model.ghosts, [], "met");
    model.show([box, other], IMAGE, ghosts);
    assert.equal(model.ghosts.length, 2, "undone");
    const again = { ...placed, id: "g3", x: 0.35 };
    model.show([box, other], IMAGE, { ...ghosts, boxes: [placed, again] });
    assert.equal(model.accept([placed, again]).length, 1, "one box cannot become two");
    model.show([box, other], IMAGE, ghosts);
    const moved = model.change(placed, { ...placed, x: 0.4 });
    assert.deepEqual(moved, { before: box, after: { ...box, x: 0.4 } }, "corrected by hand");
    model.show([other], IMAGE, ghosts);
    assert.deepEqual(model.accept([model.ghosts[0]])[0].before, null, "a box of its own, once that one is gone");
});

test("what lies under a point is the smallest there, and first the selected one's handles", () => {
    const [large, small] = [at("large", 0.1, 0.1, 0.6), at("small", 0.3, 0.3, 0.1)];
    const model = createModel([small, large]);
    const point = { x: 0.35 * 640, y: 0.35 * 480 };
    assert.equal(model.at(point, 5, 20)?.box, small);
    assert.equal(model.at({ x: 0.2 * 640, y: 0.2 * 480 }, 5, 20)?.box, large);
    assert.equal(model.at({ x: 1, y: 1 }, 5, 20), null);
    model.selected = large;
    assert.deepEqual(model.at({ x: 0.7 * 640 + 3, y: 0.7 * 480 + 3 }, 5, 20), { box: large, handle: { sx: 1, sy: 1 } });
    assert.equal(model.at(point, 5, 20)?.box, small);
});

test("a suggestion is shown until a box meets it, and becomes a box of its own", () => {
    const ghosts = [at("g1", 0.1, 0.1, 0.1, { confidence: 0.9 }), at("g2", 0.4, 0.4, 0.1, { confidence: 0.7 }), at("g3", 0.7, 0.7, 0.1, { confidence: 0.2 })];
    const model = createModel([at("a", 0.102, 0.1)], ghosts);
    assert.deepEqual(model.ghosts.map(({ id }) => id), ["g2"]);
    model.threshold = 0.1;
    assert.deepEqual(model.ghosts.map(({ id }) => id), ["g2", "g3"]);
    const [change] = model.accept([ghosts[1]]);
    assert.equal(change.before, null);
    assert.ok(!("confidence" in change.after) && change.after.id !== "g2");
    const corrected = model.change(ghosts[2], { ...ghosts[2], x: 0.2 });
    const boxes = changed(model.boxes, [change, corrected]);
    model.show(boxes, IMAGE, { boxes: ghosts, model: "round 1", threshold: 0.5 });
    assert.deepEqual(model.ghosts, [], "also one that was moved away");
    model.show([], IMAGE, { boxes: ghosts, model: "round 1", threshold: 0.5 });
    assert.equal(model.ghosts.length, 3, "undone");
    model.selected = ghosts[0];
    assert.deepEqual(model.erase(), [], "waved away, which the kernel need not know");
    assert.equal(model.ghosts.length, 2);
});

test("copies are new boxes and never lie exactly on what is there", () => {
    const box = at("a", 0.1, 0.1, 0.1, { angle: 20, attributes: { worn: true } });
    const model = createModel([box]);
    model.selected = box;
    model.copy();
    const [{ after }] = model.paste();
    assert.notEqual(after.id, "a");
    assert.deepEqual([after.angle, after.attributes, after.width], [20, { worn: true }, 0.1]);
    near((after.x - box.x) * 640, 10);
    assert.deepEqual(model.repeat([box]), [], "it is there already");
    model.show([], IMAGE, null);
    assert.equal(model.paste()[0].after.x, 0.1, "on another image at the same place");
});

test("one class is shown alone; stepping goes in reading order", () => {
    const boxes = [at("c", 0.5, 0.5), at("a", 0.1, 0.1), at("b", 0.6, 0.1, 0.1, { label: "leaf" })];
    const model = createModel(boxes);
    const walk = [1, 1, 1, 1].map((by) => (model.step(by), model.selected.id));
    assert.deepEqual(walk, ["a", "b", "c", "a"]);
    model.only = "leaf";
    assert.equal(model.selected, null);
    assert.deepEqual(model.shown.map(({ id }) => id), ["b"]);
    model.selected = boxes[0];
    assert.equal(model.only, "", "what is selected is shown");
});

test("an attribute is what it reads as", () => {
    assert.deepEqual(["true", "false", "3", "-2.5", "03", "1e999", "head"].map(valueOf), [true, false, 3, -2.5, "03", "1e999", "head"]);
});
