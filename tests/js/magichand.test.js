/** Magic gestures: what is asked for, one at a time, and what becomes of the answers. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { createMagicHand } from "../../workbench/widgets/static/magichand.js";

globalThis.window = { devicePixelRatio: 1 };
const RING = [[0, 0], [1, 0], [1, 1]];
const KEYS = { altKey: false, shiftKey: false };

/** A hand over an image of 100 x 50 that is shown as it is, and a kernel that answers when it is told to. */
function createBench(kind) {
    const asked = [];
    const found = [];
    const said = [];
    const viewport = { view: { scale: 1, x: 0, y: 0 }, canvas: { width: 100, height: 50 }, pointOf: ({ x, y }) => ({ x, y }) };
    const hand = createMagicHand(viewport, {
        image: () => ({ width: 100, height: 50 }),
        exact: true,
        ready: () => true,
        ask: (gesture) => new Promise((answer) => asked.push({ gesture, answer })),
        found: (rings, meaning) => found.push({ rings, meaning }),
        say: (text) => said.push(text),
        paint: () => {},
        pans: () => false,
    });
    hand.kind = kind;
    const event = (x, y, keys = {}) => ({ x, y, ...KEYS, ...keys });
    return {
        ...{ hand, asked, found, said },
        drag(...places) {
            hand.down(event(...places[0]));
            for (const place of places.slice(1)) hand.move(event(...place));
            hand.up(event(...places[places.length - 1]));
        },
        click(x, y, keys) {
            hand.down(event(x, y, keys));
            hand.up(event(x, y, keys));
        },
        hover: (x, y) => hand.hover(event(x, y)),
        async answer(told) {
            asked.shift().answer(told);
            await new Promise((done) => setImmediate(done));
        },
    };
}

test("a click means a region, taken when the answer is there", async () => {
    const { hand, asked, found, click, answer } = createBench("region");
    click(20, 10);
    assert.deepEqual(asked[0].gesture, { tool: "region", at: [0.2, 0.2], exact: true });
    assert.ok(hand.busy);
    await answer({ outline: [RING], threshold: 8 });
    assert.deepEqual(found, [{ rings: [RING], meaning: "new" }]);
    assert.ok(!hand.busy);
});

test("a drag changes the threshold that was suggested; of what is asked meanwhile the last counts", async () => {
    const { hand, asked, found, answer } = createBench("region");
    hand.down({ x: 20, y: 10, ...KEYS });
    await answer({ outline: [RING], threshold: 8 });
    assert.equal(found.length, 0, "the hand is still down");
    hand.move({ x: 50, y: 10 });
    hand.move({ x: 65, y: 10 });
    hand.move({ x: 80, y: 10 });
    assert.equal(asked.length, 1);
    await answer({ outline: [RING], threshold: 11 });
    assert.equal(asked.length, 1, "the one in between was passed over");
    assert.equal(asked[0].gesture.threshold, 16);
    hand.up({ x: 80, y: 10 });
    assert.equal(found.length, 0);
    await answer({ outline: [RING, RING], threshold: 16 });
    await answer({ outline: [RING, RING], threshold: 16 });
    assert.deepEqual(found, [{ rings: [RING, RING], meaning: "new" }]);
});

test("Alt takes away, Shift adds, and an answer to a gesture that was dropped is nothing", async () => {
    const { hand, found, click, drag, answer, asked } = createBench("region");
    click(5, 5, { altKey: true });
    await answer({ outline: [RING], threshold: 1 });
    click(5, 5, { shiftKey: true });
    await answer({ outline: [RING], threshold: 1 });
    assert.deepEqual(found.map(({ meaning }) => meaning), ["away", "add"]);
    click(9, 9);
    assert.ok(hand.leave());
    await answer({ outline: [RING] });
    assert.equal(found.length, 2);
    assert.ok(!hand.leave());
    hand.kind = "boxed";
    drag([10, 10], [40, 30], [30, 40]);
    assert.deepEqual(asked[0].gesture, { tool: "boxed", box: [0.1, 0.2, 0.3, 0.8], exact: true });
    await answer({ outline: [] });
    assert.equal(found.length, 2);
});

test("what was wrong is said, and nothing is left of it", async () => {
    const { hand, found, said, click, answer } = createBench("region");
    click(5, 5);
    await answer({ error: "no such image" });
    assert.deepEqual([said, found, hand.busy], [["no such image"], [], false]);
    click(5, 5);
    await answer({ outline: [], threshold: 2 });
    assert.deepEqual(said[1], "nothing stands out there");
    hand.kind = "boxed";
    click(5, 5);
    assert.match(said[2], /drag a box/);
});

test("scissors follow the pointer, and are closed by the first point, the last one again, or a key", async () => {
    for (const closing of [({ click }) => click(10, 10), ({ click }) => click(40, 40), ({ hand }) => hand.accept()]) {
        const bench = createBench("scissors");
        const { hand, asked, found, click, hover, answer } = bench;
        assert.ok(!hand.accept(), "nothing to close yet");
        click(10, 10);
        hover(30, 10);
        assert.deepEqual(asked[0].gesture.points, [[0.1, 0.2], [0.3, 0.2]]);
        await answer({ line: [[0.1, 0.2], [0.3, 0.2]] });
        assert.equal(hand.state.line.length, 2);
        click(40, 10);
        await answer({ line: RING });
        click(40, 40);
        await answer({ line: RING });
        closing(bench);
        assert.deepEqual(asked[0].gesture, { tool: "scissors", points: [[0.1, 0.2], [0.4, 0.2], [0.4, 0.8]], closed: true, exact: true });
        await answer({ outline: [RING] });
        assert.deepEqual(found, [{ rings: [RING], meaning: "new" }]);
        assert.ok(!hand.busy);
    }
});

test("clicks of scissors are taken back one by one", () => {
    const { hand, click } = createBench("scissors");
    click(10, 10);
    click(40, 10);
    assert.ok(hand.back());
    assert.equal(hand.state.dots.length, 1);
    assert.ok(hand.back());
    assert.ok(!hand.back());
    assert.ok(!hand.busy);
});

test("points on an object and beside it, and a box, are shown until they are taken", async () => {
    const { hand, asked, found, click, drag, answer } = createBench("anything");
    click(50, 25);
    await answer({ outline: [RING] });
    assert.deepEqual([found.length, hand.state.rings], [0, [RING]]);
    click(60, 25, { altKey: true });
    assert.deepEqual(asked[0].gesture, { tool: "anything", points: [[0.5, 0.5], [0.6, 0.5]], labels: [1, 0], exact: true });
    await answer({ outline: [RING] });
    drag([10, 10], [90, 40]);
    assert.deepEqual(asked[0].gesture.box, [0.1, 0.2, 0.9, 0.8]);
    await answer({ outline: [RING, RING] });
    assert.ok(hand.accept());
    assert.deepEqual(found, [{ rings: [RING, RING], meaning: "new" }]);
});

test("a tool of the user's own is given the stroke", async () => {
    const { asked, found, drag, answer } = createBench("mine");
    drag([10, 10], [20, 10], [90, 10]);
    assert.deepEqual(asked[0].gesture, { tool: "mine", points: [[0.1, 0.2]], exact: true });
    await answer({ outline: [] });
    assert.deepEqual(asked[0].gesture.points, [[0.1, 0.2], [0.2, 0.2], [0.9, 0.2]]);
    await answer({ outline: [RING] });
    assert.equal(found.length, 1);
});

test("keys move a pointer, and press where it is", async () => {
    const { hand, asked, found, answer } = createBench("boxed");
    assert.ok(!hand.step(1, 0, false));
    hand.press(); // it is in the middle
    hand.press();
    hand.step(1, 0, false);
    hand.step(0, 1, true);
    hand.press();
    assert.deepEqual(asked[0].gesture.box, [0.5, 0.5, 0.62, 0.54]);
    await answer({ outline: [RING] });
    assert.equal(found.length, 1);
    hand.kind = "region";
    hand.press();
    hand.press();
    assert.deepEqual(asked[0].gesture.at, [0.5, 0.5]);
});

test("a brush shows its way at once and asks for what it covers when it is lifted", async () => {
    const { hand, asked, found, drag, answer } = createBench("brush");
    hand.down({ x: 20, y: 10, ...KEYS });
    hand.move({ x: 30, y: 10, ...KEYS });
    assert.equal(asked.length, 0);
    assert.deepEqual(hand.state.brush, { stroke: [[0.2, 0.2], [0.3, 0.2]], at: [0.3, 0.2], side: 0.045 });
    hand.up({ x: 30, y: 10, ...KEYS });
    assert.deepEqual(asked[0].gesture, { tool: "brush", points: [[0.2, 0.2], [0.3, 0.2]], side: 0.045, exact: true });
    await answer({ outline: [RING] });
    assert.deepEqual(found, [{ rings: [RING], meaning: "new" }]);
    assert.ok(hand.resize(1) && hand.state.brush.side === 0.07);
    for (let turn = 0; turn < 20; turn += 1) hand.resize(-1);
    assert.equal(hand.state.brush.side, 0.002);
    drag([1, 1, { altKey: true }], [1, 1]);
    assert.deepEqual(asked[0].gesture.points, [[0.01, 0.02]]);
    await answer({ outline: [RING] });
    assert.equal(found[1].meaning, "away");
    hand.hover({ x: 50, y: 10, ...KEYS });
    assert.deepEqual(hand.state.brush.at, [0.5, 0.2]);
    hand.hover(null);
    assert.equal(hand.state.brush.at, null);
    hand.kind = "region";
    assert.ok(!hand.resize(1) && !hand.state.brush);
});

test("by keys a brush goes down, is moved, and comes up again; it may join or cut", async () => {
    const { hand, asked, found, answer } = createBench("brush");
    for (const meaning of ["new", "add", "away"]) {
        if (meaning === "new") hand.press();
        hand.press(meaning);
        assert.ok(hand.step(1, 0, false));
        assert.equal(hand.state.brush.stroke.length, 2);
        hand.press(meaning);
        assert.equal(asked.length, 1);
        await answer({ outline: [RING] });
    }
    assert.deepEqual(found.map(({ meaning }) => meaning), ["new", "add", "away"]);
    assert.ok(hand.leave() && !hand.state.cross);
});

test("a gesture that has ended is taken, though the next begins before its answer comes", async () => {
    for (const kind of ["brush", "region", "boxed", "patches"]) {
        const { asked, found, drag, answer } = createBench(kind);
        drag([10, 10, { altKey: true }], [20, 20]);
        drag([30, 30], [40, 40]);
        const told = [[RING], [[...RING, [0, 1]]]];
        while (asked.length) await answer({ outline: told[found.length], threshold: 1 });
        assert.deepEqual(found, [{ rings: told[0], meaning: "away" }, { rings: told[1], meaning: "new" }], kind);
    }
});
