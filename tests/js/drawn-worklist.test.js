/** The queue of an image page with boxes, against states that are written down whole. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { createWorklist } from "../../workbench/widgets/static/worklist.js";
import { createRandom } from "./random.js";

const IDS = ["a", "b", "c", "d"];
const box = (id, x = 0.1, label = "coin") => ({ id, label, x, y: 0.1, width: 0.2, height: 0.2 });
const item = (id, label = [], more = {}) => ({ id, name: `${id}.png`, batch: 1, reason: "", label, event: `e${id}`, hints: true, note: "", done: false, ...more });

function createPage(items = IDS.map((id) => item(id))) {
    let next = 0;
    const work = createWorklist(() => `op${++next}`);
    work.load({ task: "detection", queue: items, queued: items.length, classes: ["coin", "leaf"], counts: {} });
    return work;
}

const boxesOf = (work) => work.current.label.toSorted((a, b) => (a.id < b.id ? -1 : 1));
const queueOf = (work) => [work.current, ...work.upcoming(9)].filter(Boolean).map(({ id, label }) => [id, label.map((each) => each.id).toSorted()]);

test("what is drawn and done is taken back step by step, to the image before, and done again", () => {
    for (let seed = 0; seed < 60; seed += 1) {
        const [random, work] = [createRandom(seed), createPage()];
        const state = () => JSON.stringify([queueOf(work), work.current && boxesOf(work), Object.entries(work.counts).filter(([, n]) => n).toSorted(), work.done, work.left]);
        const states = [state()];
        let place = 0;
        for (let turn = 0; turn < 60; turn += 1) {
            const kind = random.pick(["draw", "draw", "change", "erase", "done", "skip", "undo", "undo", "redo"]);
            const some = work.current && random.pick(work.current.label);
            let op = null;
            if (kind === "undo" && place) op = work.undo() && (place -= 1, null);
            else if (kind === "redo" && work.redoable) op = work.redo() && (place += 1, null);
            else if (!work.current) continue;
            else if (kind === "draw") op = work.draw([{ before: null, after: box(`${seed}-${turn}`, 0.3, random.pick(["coin", "leaf"])) }], 1);
            else if (kind === "change" && some) op = work.draw([{ before: some, after: { ...some, x: some.x / 3 } }], 1);
            else if (kind === "erase" && some) op = work.draw([{ before: some, after: null }], 1);
            else if (kind === "done") op = work.finishDrawn(1);
            else if (kind === "skip") op = work.finish(null, 1);
            if (op) {
                states.splice(place + 1, Infinity, state());
                place += 1;
                if (random.chance(0.5)) work.acknowledge({ id: op.id, ok: true });
            }
            assert.equal(state(), states[place], `seed ${seed}, turn ${turn}, ${kind}`);
        }
    }
});

test("an operation is based on the one before it on its image, or on what the kernel said", () => {
    const work = createPage();
    const first = work.draw([{ before: null, after: box("1") }], 2.5);
    assert.deepEqual([first.kind, first.sample, first.basedOn, first.seconds], ["draw", "a", "ea", 2.5]);
    const second = work.draw([{ before: box("1"), after: null }], 1, { accepted: true, model: "m" });
    assert.deepEqual([second.basedOn, second.accepted, second.model], [first.id, true, "m"]);
    assert.equal(work.undo().step, second.id);
    const done = work.finishDrawn(1);
    assert.deepEqual([done.kind, done.sample, done.basedOn], ["done", "a", first.id]);
    assert.equal(work.current.id, "b");
    assert.deepEqual(work.counts, { coin: 1 }, "an image counts once it is done");
    assert.equal(work.draw([], 1), null, "nothing is no operation");
});

test("what somebody else draws is drawn here, and the next operation knows of it", () => {
    const work = createPage([item("a", [box("1")]), item("b", [box("2")])]);
    const drawn = (sample, more) => work.hear({ news: "label", sample, changes: [{ before: null, after: box("9") }], done: false, event: "theirs", ...more });
    drawn("a", { listed: true });
    assert.deepEqual(boxesOf(work).map(({ id }) => id), ["1", "9"]);
    assert.equal(work.draw([{ before: box("9"), after: null }], 1).basedOn, "theirs");
    drawn("b", { listed: false, done: true });
    assert.deepEqual(queueOf(work).map(([id]) => id), ["a"]);
});

test("a drawing that does not stand gives way to what the kernel has, with what came after it", () => {
    const work = createPage([item("a", [box("1")]), item("b")]);
    const first = work.draw([{ before: box("1"), after: box("1", 0.5) }], 1);
    work.draw([{ before: null, after: box("2") }], 1);
    const told = work.acknowledge({ id: first.id, ok: true, conflict: { annotator: "ben" }, item: item("a", [box("1", 0.7)], { event: "x" }) });
    assert.match(told.notice, /ben/);
    assert.deepEqual(boxesOf(work), [box("1", 0.7), box("2")]);
    assert.equal(work.undo().kind, "undo");
    assert.deepEqual(boxesOf(work), [box("1", 0.7)], "only what still stands is taken back");
    const done = work.finishDrawn(1);
    work.acknowledge({ id: done.id, ok: false, final: true, error: "no", item: item("a", [box("1", 0.7)]) });
    assert.deepEqual(queueOf(work).map(([id]) => id), ["b", "a"], "the image comes back, behind the one on screen");
});

test("what an earlier page had drawn is on the image before the kernel has it, and the image stays", () => {
    const work = createWorklist(() => "new");
    work.adopt({ id: "old", kind: "draw", sample: "a", changes: [{ before: null, after: box("1") }] });
    work.load({ task: "detection", queue: IDS.map((id) => item(id)), queued: 4, classes: ["coin"], counts: {} });
    assert.deepEqual(queueOf(work)[0], ["a", ["1"]]);
    assert.equal(work.draw([{ before: box("1"), after: null }], 1).basedOn, "old");
    const other = createWorklist(() => "new");
    other.adopt({ id: "old", kind: "done", sample: "a" });
    other.load({ task: "detection", queue: IDS.map((id) => item(id)), queued: 4, classes: ["coin"], counts: {} });
    assert.equal(other.current.id, "b", "what is done is not asked for again");
});
