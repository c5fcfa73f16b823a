/** The page's own view of the queue in multi-label: ticks, and labels of any number of classes. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { createWorklist } from "../../workbench/widgets/static/worklist.js";

const SUGGESTION = { label: ["dog", "fish"], scores: { dog: 0.9, fish: 0.7 }, model: "m" };

/**
 * @param {string} id
 * @param {object} more
 */
const item = (id, more = {}) => ({ id, name: `${id}.png`, batch: 1, reason: "", label: null, event: "", hints: true, note: "", ...more });

/**
 * @param {object[]} queue
 * @param {object} more
 */
function open(queue, more = {}) {
    let next = 0;
    const work = createWorklist(() => `op${++next}`);
    const state = { task: "multilabel", mode: "queue", queue, queued: queue.length, classes: ["cat", "dog", "fish"], counts: { cat: 3 } };
    work.load({ ...state, ...more });
    work.present();
    return work;
}

/**
 * Tick, be done, and see the next image.
 *
 * @param {ReturnType<typeof createWorklist>} work
 * @param {string[]} names
 */
function label(work, ...names) {
    for (const name of names) work.tick(name);
    const op = work.finish(work.ticked, 1);
    work.present();
    return op;
}

test("exactly what is ticked is committed, in the order of the classes", () => {
    const work = open([item("a"), item("b"), item("c")]);
    const op = label(work, "fish", "cat");
    assert.deepEqual(op, { id: "op1", kind: "label", sample: "a", label: ["cat", "fish"], seconds: 1, basedOn: "" });
    assert.equal(work.current?.id, "b");
    assert.deepEqual(work.ticked, [], "the next one begins anew");
    assert.deepEqual(work.counts, { cat: 4, fish: 1 });
    assert.deepEqual(label(work)?.label, [], "none of these is a label");
    assert.deepEqual(work.counts, { cat: 4, fish: 1 });
    assert.deepEqual([work.done, work.left], [2, 1]);
    assert.deepEqual(work.labelOf("b"), []);
});

test("undo brings the image back with what was committed, redo does it again", () => {
    const work = open([item("a"), item("b")]);
    label(work, "cat", "dog");
    work.tick("fish");
    work.undo();
    work.present();
    assert.deepEqual([work.current?.id, work.ticked], ["a", ["cat", "dog"]]);
    assert.deepEqual(work.counts, { cat: 3, dog: 0 });
    work.tick("cat"); // a change of mind that a redo does not take in
    assert.equal(work.redo()?.kind, "redo");
    work.present();
    assert.deepEqual([work.current?.id, work.ticked], ["b", ["fish"]], "as it was left");
    assert.deepEqual(work.counts, { cat: 4, dog: 1 });
    work.undo();
    work.present();
    assert.deepEqual(work.ticked, ["cat", "dog"]);
});

test("an image that was skipped half-ticked comes back half-ticked", () => {
    const work = open([item("a"), item("b")]);
    work.tick("dog");
    assert.equal(work.finish(null, 1)?.kind, "skip");
    work.present();
    work.undo();
    work.present();
    assert.deepEqual(work.ticked, ["dog"]);
});

test("a suggestion is ticked, and the label that comes of it remembers it", () => {
    const work = open([item("a", { suggestion: SUGGESTION }), item("b", { suggestion: SUGGESTION })]);
    assert.deepEqual([work.ticked, work.suggestion?.label], [["dog", "fish"], ["dog", "fish"]]);
    const { accepted, suggestion, model } = work.finish(work.ticked, 1, true) ?? {};
    assert.deepEqual([accepted, suggestion, model], [true, ["dog", "fish"], "m"]);
    work.present();
    const corrected = label(work, "dog");
    assert.deepEqual([corrected?.label, corrected?.accepted, corrected?.suggestion], [["fish"], false, ["dog", "fish"]]);
});

test("a suggestion that comes while the image is on screen is neither shown nor recorded", () => {
    const work = open([item("a"), item("b")]);
    work.tick("cat");
    work.learn({ suggestions: { a: SUGGESTION, b: SUGGESTION }, order: ["a", "b"] });
    work.present();
    assert.deepEqual([work.ticked, work.suggestion], [["cat"], null]);
    assert.ok(!("suggestion" in (label(work) ?? {})));
    assert.deepEqual(work.ticked, ["dog", "fish"], "the next one was not on screen yet");
    work.learn({ suggestions: { b: { ...SUGGESTION, label: ["cat"] } }, order: ["b"] });
    work.load({ task: "multilabel", queue: [item("b", { label: ["cat"] })], queued: 1, classes: ["cat", "dog", "fish"], counts: {} });
    work.present();
    assert.deepEqual([work.ticked, work.suggestion?.label], [["dog", "fish"], ["dog", "fish"]]);
});

test("ticks that began with a suggestion stay when suggestions are switched off, and say so", () => {
    const work = open([item("a", { suggestion: SUGGESTION }), item("b", { suggestion: SUGGESTION })]);
    work.suggesting = false;
    work.present();
    assert.deepEqual([work.ticked, work.suggestion], [["dog", "fish"], null]);
    assert.deepEqual(label(work)?.suggestion, ["dog", "fish"]);
    assert.deepEqual([work.ticked, work.suggestion], [[], null], "the next one has none");
    work.suggesting = true;
    work.present();
    assert.equal(work.suggestion, null, "nor does it get one under the hand");
});

test("in review the suggestion is ticked, and the label can be kept", () => {
    const queue = [item("a", { label: ["cat"], event: "e1", suggestion: SUGGESTION }), item("b", { label: ["cat", "dog"], event: "e2" })];
    const work = open(queue, { mode: "review" });
    assert.deepEqual(work.ticked, ["dog", "fish"]);
    const kept = work.finish(work.current?.label ?? null, 1);
    work.present();
    assert.deepEqual([kept?.label, kept?.basedOn, kept?.accepted], [["cat"], "e1", false]);
    assert.deepEqual(work.counts, { cat: 3 });
    assert.deepEqual(work.ticked, ["cat", "dog"], "nothing is suggested: its label");
    work.putOff();
    work.undo();
    work.undo();
    work.present();
    assert.deepEqual(work.ticked, ["cat"], "what was kept");
});

test("relabelling counts every class of the old label out", () => {
    const work = open([item("a", { label: ["cat", "dog"], event: "e" })], { counts: { cat: 3, dog: 2 } });
    label(work, "cat", "fish");
    assert.deepEqual(work.counts, { cat: 2, dog: 2, fish: 1 });
    work.undo();
    assert.deepEqual(work.counts, { cat: 3, dog: 2, fish: 0 });
});

test("what somebody else said is told, and is what the image begins with again", () => {
    const work = open([item("a"), item("b")]);
    label(work, "fish");
    const theirs = item("a", { label: ["cat", "dog"], event: "theirs" });
    const conflict = { annotator: "bob", label: ["cat", "dog"] };
    const { notice } = work.acknowledge({ id: "op1", ok: true, item: theirs, conflict });
    assert.equal(notice, "bob had labelled a.png cat + dog: label it again to overrule");
    assert.deepEqual(work.counts, { cat: 3, fish: 0 });
    label(work);
    assert.deepEqual([work.current?.id, work.ticked], ["a", ["cat", "dog"]]);
    assert.equal(label(work, "dog", "fish")?.basedOn, "theirs");
    const none = { annotator: "bob", label: [] };
    assert.match(work.acknowledge({ id: "op3", ok: true, item: theirs, conflict: none }).notice, /a\.png none of these:/);
});

test("an image whose label is refused comes back with its ticks", () => {
    const work = open([item("a"), item("b")]);
    label(work, "fish");
    work.acknowledge({ id: "op1", ok: false, final: true, error: "unknown class" });
    label(work);
    assert.deepEqual([work.current?.id, work.ticked], ["a", ["fish"]]);
});

test("news of an image further on change what it begins with, but not what is on screen", () => {
    const work = open([item("a"), item("b")]);
    work.tick("cat");
    for (const sample of ["a", "b"]) work.hear({ news: "label", event: `x${sample}`, sample, before: null, after: ["dog"], listed: true });
    work.present();
    assert.deepEqual(work.ticked, ["cat"]);
    assert.deepEqual(work.counts, { cat: 3, dog: 2 });
    label(work);
    assert.deepEqual(work.ticked, ["dog"]);
});

test("a class that is renamed by hand stays ticked", () => {
    const work = open([item("a")]);
    work.tick("dog");
    work.editClass("rename", "dog", "hound");
    work.acknowledge({ id: "op1", ok: true, classes: ["cat", "hound", "fish"], counts: { cat: 3 } });
    assert.deepEqual(work.ticked, ["hound"]);
});

test("many images get exactly the ticked classes in one step", () => {
    const work = open([item("a"), item("b"), item("c")]);
    work.tick("dog");
    const op = work.finishMany(["a", "c", "x"], ["cat", "fish"], 3);
    assert.deepEqual([op?.kind, op?.samples, op?.label], ["labels", ["a", "c", "x"], ["cat", "fish"]]);
    assert.deepEqual(work.counts, { cat: 6, fish: 3 });
    assert.deepEqual([work.labelOf("x"), work.done, work.left], [["cat", "fish"], 3, 1]);
    work.finishMany(["x"], [], 1);
    assert.deepEqual([work.labelOf("x"), work.counts.cat, work.done], [[], 5, 3]);
    work.undo();
    assert.deepEqual([work.labelOf("x"), work.counts.cat], [["cat", "fish"], 6]);
    work.undo();
    work.present();
    assert.deepEqual([work.counts, work.done, work.left], [{ cat: 3, fish: 0 }, 0, 3]);
    assert.deepEqual([work.current?.id, work.ticked], ["a", []], "it begins anew");
});

test("in classification nothing is ticked", () => {
    const work = open([item("a", { suggestion: { ...SUGGESTION, label: "dog" } })], { task: "classification" });
    work.tick("cat");
    assert.deepEqual([work.ticking, work.ticked, work.suggestion?.label], [false, [], "dog"]);
});
