/** What is ticked on images that are not done yet, and what a label can be. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { createTicks } from "../../workbench/widgets/static/ticks.js";
import { captionOf, classesOf, sameLabel } from "../../workbench/widgets/static/values.js";

const CLASSES = ["cat", "dog", "fish"];
const SUGGESTION = { label: ["dog", "fish"], scores: { dog: 0.9, fish: 0.7, cat: 0.2 }, model: "m" };

/** @param {string[] | null} label */
const item = (label) => ({ id: "a", label });

for (const [hint, label, suggestion, reviewing, ticked] of [
    ["nothing", null, null, false, []],
    ["its label", ["cat"], null, false, ["cat"]],
    ["its label before what is suggested", ["cat"], SUGGESTION, false, ["cat"]],
    ["none of these before what is suggested", [], SUGGESTION, false, []],
    ["what is suggested where it has no label", null, SUGGESTION, false, ["dog", "fish"]],
    ["in review what is suggested", ["cat"], SUGGESTION, true, ["dog", "fish"]],
    ["in review its label where nothing is suggested", ["cat"], null, true, ["cat"]],
    ["in review a suggestion of none", ["cat"], { ...SUGGESTION, label: [] }, true, []],
])
    test(`an image begins with ${hint}`, () => {
        const ticks = createTicks();
        ticks.begin(item(label), suggestion, reviewing);
        assert.deepEqual(ticks.of("a", CLASSES), ticked);
    });

test("ticks come and go by hand, and stand in the order of the classes", () => {
    const ticks = createTicks();
    ticks.toggle("a", "cat");
    assert.deepEqual(ticks.of("a", CLASSES), [], "it is not on screen");
    ticks.begin(item(null), null, false);
    for (const name of ["fish", "cat", "dog", "dog"]) ticks.toggle("a", name);
    assert.deepEqual(ticks.of("a", CLASSES), ["cat", "fish"]);
    assert.deepEqual(ticks.of("a", ["fish", "cat"]), ["fish", "cat"]);
    assert.deepEqual(ticks.of("a", ["fish"]), ["fish"], "what is no class any more is not ticked");
});

test("nothing but the hand moves the ticks of an image that has begun", () => {
    const ticks = createTicks();
    ticks.begin(item(null), null, false);
    ticks.toggle("a", "cat");
    ticks.begin(item(["fish"]), SUGGESTION, true);
    assert.deepEqual(ticks.of("a", CLASSES), ["cat"]);
    assert.equal(ticks.suggestionOf("a", CLASSES), null);
});

test("toggling leaves the label and the suggestion as they are", () => {
    const ticks = createTicks();
    const label = ["cat"];
    ticks.begin(item(label), SUGGESTION, false);
    ticks.toggle("a", "dog");
    assert.deepEqual(label, ["cat"]);
    const review = createTicks();
    review.begin(item(label), SUGGESTION, true);
    review.toggle("a", "dog");
    assert.deepEqual(review.suggestionOf("a", CLASSES), SUGGESTION);
});

test("an image that comes back has what it was left with", () => {
    const ticks = createTicks();
    ticks.begin(item(null), SUGGESTION, false);
    ticks.toggle("a", "fish");
    const draft = ticks.end("a");
    assert.deepEqual(ticks.of("a", CLASSES), []);
    ticks.restore("a", draft);
    ticks.begin(item(["cat"]), null, false);
    assert.deepEqual(ticks.of("a", CLASSES), ["dog"]);
    assert.deepEqual(ticks.suggestionOf("a", CLASSES), SUGGESTION);
});

test("a class that is renamed stays ticked and suggested, and when the name is taken back", () => {
    const ticks = createTicks();
    ticks.begin(item(null), SUGGESTION, false);
    ticks.rename("dog", "hound");
    const renamed = ["cat", "hound", "fish"];
    assert.deepEqual(ticks.of("a", renamed), ["hound", "fish"]);
    assert.deepEqual(ticks.suggestionOf("a", renamed)?.label, ["hound", "fish"]);
    assert.equal(ticks.suggestionOf("a", renamed)?.scores.hound, 0.9);
    assert.deepEqual(ticks.of("a", CLASSES), ["dog", "fish"]);
});

test("a class that is merged into a ticked one is ticked once", () => {
    const ticks = createTicks();
    ticks.begin(item(["cat", "dog"]), null, false);
    ticks.rename("dog", "cat");
    assert.deepEqual(ticks.of("a", ["cat", "fish"]), ["cat"]);
});

test("labels are compared and written alike in both tasks", () => {
    assert.deepEqual([classesOf("cat"), classesOf(["cat", "dog"]), classesOf([]), classesOf(null)], [["cat"], ["cat", "dog"], [], []]);
    assert.ok(sameLabel(["cat", "dog"], ["dog", "cat"]));
    assert.ok(sameLabel("cat", "cat"));
    assert.ok(sameLabel([], []));
    for (const other of [["cat"], ["cat", "dog", "fish"], [], null, undefined]) assert.ok(!sameLabel(["cat", "dog"], other));
    assert.ok(!sameLabel([], null), "none of these is a label");
    assert.deepEqual(["cat", ["cat", "dog"], [], null, ""].map(captionOf), ["cat", "cat + dog", "none of these", "", ""]);
});
