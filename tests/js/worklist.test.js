/** The page's own view of the queue, against a simple model of what the kernel makes of it. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { createWorklist } from "../../workbench/widgets/static/worklist.js";
import { createDesk, IDS, itemOf } from "./desk.js";
import { createRandom } from "./random.js";

function createPage() {
    let next = 0;
    const work = createWorklist(() => `op${++next}`);
    work.load(createDesk().state);
    return work;
}

/** @param {ReturnType<typeof createWorklist>} work */
function queueOf(work) {
    return work.current ? [work.current.id, ...work.upcoming(99).map(({ id }) => id)] : [];
}

/** Everything that the two should agree on, whatever the page is still waiting for. */
function assertAgree(work, desk, hint) {
    const counts = Object.fromEntries(Object.entries(work.counts).filter(([, count]) => count));
    assert.deepEqual(queueOf(work).toSorted(), desk.queue.toSorted(), `queue ${hint}`);
    assert.deepEqual(counts, desk.counts, `counts ${hint}`);
    assert.deepEqual(work.classes, desk.classes, `classes ${hint}`);
    assert.equal(work.left, desk.queue.length, `left ${hint}`);
    assert.equal(work.done, desk.done, `done ${hint}`);
    assert.equal(work.redoable, desk.redoable, `redo ${hint}`);
    for (const id of IDS) assert.equal(work.labelOf(id), desk.labels[id], `label of ${id} ${hint}`);
    for (const item of [work.current, ...work.upcoming(99)])
        if (item) assert.equal(item.note, desk.notes[item.id] ?? "", `note ${hint}`);
}

/**
 * One thing that a hand may do; null where it is none of the kernel's business.
 *
 * @param {ReturnType<typeof createWorklist>} work
 * @param {ReturnType<typeof createDesk>} ideal where the page is now
 * @param {ReturnType<typeof createRandom>} random
 * @param {number} steps that can be taken back
 */
function act(work, ideal, random, steps) {
    const kind = random.pick(["label", "label", "label", "skip", "many", "note", "class", "undo", "undo", "redo"]);
    const label = random.pick(work.classes);
    if (kind === "label") return work.finish(label, 1);
    if (kind === "skip") return work.finish(null, 1);
    if (kind === "many") return work.finishMany(ideal.inGrid.filter(() => random.chance(0.25)), label, 1);
    if (kind === "note") return work.note(random.pick(["torn", "wet", ""]));
    if (kind === "class") return work.addClass(`class${random.below(1e9)}`);
    if (kind === "undo") return steps ? work.undo() : null;
    return work.redo();
}

/** How many steps of the walk could be taken back after an operation. */
function stepsAfter(steps, op) {
    return op.kind === "undo" ? steps - 1 : steps + 1;
}

test("the page is always where the kernel will be, however late the kernel's answers come", () => {
    for (let seed = 0; seed < 300; seed++) {
        const random = createRandom(seed);
        const [work, ideal, kernel] = [createPage(), createDesk(), createDesk()];
        const sent = [];
        let steps = 0;
        for (let turn = 0; turn < 60; turn++) {
            const op = act(work, ideal, random, steps);
            if (op) {
                steps = stepsAfter(steps, op);
                ideal.apply(op);
                sent.push(op);
            }
            assertAgree(work, ideal, `seed ${seed}, turn ${turn}, ${op?.kind}`);
            while (sent.length && random.chance(0.4)) work.acknowledge(kernel.apply(sent.shift()));
            assertAgree(work, ideal, `seed ${seed}, turn ${turn}, acknowledged`);
            if (work.unsaved || random.chance(0.7)) continue;
            const shown = work.current?.id;
            work.load(kernel.state);
            assertAgree(work, ideal, `seed ${seed}, turn ${turn}, loaded`);
            assert.equal(work.current?.id, shown, "what is looked at stays");
        }
        for (const op of sent) work.acknowledge(kernel.apply(op));
        assert.equal(work.unsaved, 0);
        assertAgree(work, kernel, `seed ${seed}, at the end`);
    }
});

test("undo and redo walk back and forth over every image", () => {
    const work = createPage();
    const order = queueOf(work);
    for (let n = 0; n < order.length; n++) work.finish(n % 3 ? "cat" : null, 1);
    assert.equal(work.current, null);
    for (const id of order.toReversed()) {
        work.undo();
        assert.equal(work.current.id, id, "the image comes back to the screen");
    }
    assert.deepEqual([work.done, work.left], [0, order.length]);
    for (const id of order) {
        assert.equal(work.current.id, id);
        work.redo();
    }
    assert.deepEqual([work.done, work.left, work.redoable], [order.length, 0, false]);
});

test("a label given after an undo builds on what the kernel has gone back to", () => {
    const work = createPage();
    const first = work.finish("cat", 1);
    work.undo();
    assert.equal(work.finish("dog", 1).basedOn, "", "not on the label that was taken back");
    work.undo();
    const again = work.redo();
    work.undo();
    assert.notEqual(again.id, first.id);
    assert.equal(work.finish("cat", 1).basedOn, "");
});

test("a conflict brings the image back behind the one on screen, based on the other's label", () => {
    const work = createPage();
    const op = work.finish("cat", 1);
    const theirs = { ...itemOf("image0"), label: "dog", event: "theirs" };
    const answer = work.acknowledge({ id: op.id, ok: true, item: theirs, conflict: { annotator: "bob", label: "dog" } });
    assert.match(answer.notice, /^bob had labelled image0\.png dog/);
    assert.deepEqual(queueOf(work).slice(0, 2), ["image1", "image0"]);
    work.finish("cat", 1);
    assert.equal(work.finish("cat", 1).basedOn, "theirs");
    work.undo();
    work.undo();
    work.undo();
    assert.equal(work.unsaved, 5, "the lost label is no step: the third undo is the kernel's to find");
});

test("operations of an earlier page are kept until they are acknowledged, and count", () => {
    const work = createPage();
    const kept = [
        { id: "old1", kind: "label", sample: "image2", label: "dog", basedOn: "" },
        { id: "old2", kind: "skip", sample: "image5", basedOn: "" },
    ];
    for (const op of kept) work.adopt(op);
    assert.equal(work.unsaved, 2);
    const desk = createDesk();
    work.load(desk.state);
    assert.ok(!queueOf(work).includes("image2"), "what is under way is not asked for again");
    assert.equal(work.left, IDS.length - 2);
    assert.equal(work.counts.dog, 2);
    for (const op of kept) work.acknowledge(desk.apply(op));
    assert.equal(work.unsaved, 0);
    work.load(desk.state);
    assert.equal(work.counts.dog, 2, "counted once");
    assert.ok(!work.hear({ news: "label", event: "old1", sample: "image2", after: "dog" }), "its own news");
});

test("an answer that comes twice, or to nobody, changes nothing", () => {
    const work = createPage();
    const desk = createDesk();
    const op = work.finish("cat", 1);
    const answer = desk.apply(op);
    work.acknowledge(answer);
    const before = JSON.stringify([queueOf(work), work.counts, work.done, work.left]);
    assert.deepEqual(work.acknowledge(answer), { op: undefined, settled: true, notice: "" });
    work.acknowledge({ id: "nobody's", ok: true, conflict: { annotator: "bob", label: "dog" }, item: itemOf("image0") });
    assert.equal(JSON.stringify([queueOf(work), work.counts, work.done, work.left]), before);
});

test("a model's order never moves the image on screen, nor takes one in or out", () => {
    for (let seed = 0; seed < 200; seed++) {
        const random = createRandom(seed);
        const work = createPage();
        for (let turn = 0; turn < 20; turn++) {
            const before = queueOf(work);
            const suggestion = work.suggestion;
            const order = IDS.filter(() => random.chance(0.7)).toSorted(() => random.below(3) - 1);
            const suggestions = Object.fromEntries(IDS.map((id) => [id, { label: "cat", scores: {}, model: `m${turn}` }]));
            work.learn({ order, suggestions });
            const after = queueOf(work);
            assert.equal(after[0], before[0], "what is looked at");
            assert.deepEqual(after.toSorted(), before.toSorted());
            if (suggestion) assert.equal(work.suggestion, suggestion, "what is suggested for it stays, too");
            const known = after.slice(1).filter((id) => order.includes(id));
            assert.deepEqual(known, order.filter((id) => known.includes(id)), "the rest is in the model's order");
            if (random.chance(0.3)) work.finish("cat", 1);
        }
    }
});

test("labels given elsewhere take the image out once, and leave the counts right", () => {
    const work = createPage();
    work.hear({ news: "label", event: "x", sample: "image3", before: null, after: "dog", listed: false });
    assert.deepEqual([work.counts.dog, work.left], [2, IDS.length - 1]);
    work.hear({ news: "label", event: "y", sample: "image3", before: "dog", after: "cat", listed: false });
    assert.deepEqual([work.counts.dog, work.counts.cat, work.left], [1, 4, IDS.length - 1]);
    assert.equal(work.labelOf("image3"), "cat");
});

test("an undo names the step that it takes back, a redo the undo", () => {
    const work = createPage();
    const [first, many] = [work.finish("cat", 1), work.finishMany(["image4", "image5"], "dog", 1)];
    const undone = [work.undo(), work.undo()];
    assert.deepEqual(undone.map(({ step }) => step), [many.id, first.id]);
    const again = work.redo();
    assert.equal(again.step, undone[1].id);
    assert.equal(work.undo().step, again.id, "what a redo recorded is what an undo takes back");
    const blind = work.undo();
    assert.equal(blind.step, undefined, "from before this page: the kernel knows the latest");
    const nothing = work.acknowledge({ id: undone[0].id, ok: true, nothing: "nothing to undo" });
    assert.deepEqual([nothing.notice, nothing.stale], ["nothing to undo", true], "then the kernel is asked");
    assert.ok(!work.acknowledge({ id: blind.id, ok: true, nothing: "nothing to undo" }).stale);
});

test("the image on screen stays when somebody else labels it: the hand is told by the conflict", () => {
    const work = createPage();
    work.hear({ news: "label", event: "theirs", sample: "image0", before: null, after: "dog", listed: false });
    assert.equal(work.current.id, "image0");
    const op = work.finish("cat", 1);
    assert.equal(op.basedOn, "", "what the hand had seen");
    work.hear({ news: "label", event: "more", sample: "image2", before: null, after: "dog", listed: false });
    assert.deepEqual(queueOf(work).slice(0, 2), ["image1", "image3"]);
});
