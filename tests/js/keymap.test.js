/** Which key does what: what a keyboard sends, what a person has changed. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { ACTIONS, classKeys, createKeymap, spelled, strokeOf } from "../../workbench/widgets/static/keymap.js";
import { createRandom } from "./random.js";

const TASKS = ["classification", "multilabel", "detection", "instances", "keypoints", "segmentation"];

/** The actions of each task, in turn. */
function* eachTask(keymap = createKeymap()) {
    const { task } = keymap;
    for (const each of TASKS) {
        keymap.task = each;
        yield keymap.actions;
    }
    keymap.task = task;
}

/** @param {string} written such as `Ctrl+Shift+z`, with what else the browser tells */
function press(key, { ctrl = false, meta = false, alt = false, shift = false } = {}) {
    return strokeOf({ key, ctrlKey: ctrl, metaKey: meta, altKey: alt, shiftKey: shift });
}

test("a key is what it means, on whatever keyboard it is typed", () => {
    assert.equal(press("z"), "z");
    assert.equal(press("Z"), "z", "caps lock");
    assert.equal(press("Z", { shift: true }), "Shift+z");
    assert.equal(press("z", { ctrl: true }), "Ctrl+z");
    assert.equal(press("z", { meta: true }), "Ctrl+z", "the Mac's command key");
    assert.equal(press("Z", { meta: true, shift: true }), "Ctrl+Shift+z");
    assert.equal(press(" "), "Space");
    assert.equal(press("ArrowLeft", { shift: true }), "Shift+ArrowLeft");
    assert.equal(press("Я", { shift: true }), "Shift+я", "letters that are not Latin");
});

test("digits and signs are the same with Shift, which a French keyboard needs for its digits", () => {
    assert.equal(press("1", { shift: true }), "1");
    assert.equal(press("?", { shift: true }), "?", "a US keyboard");
    assert.equal(press("/", { shift: true }), "/", "a German one");
});

test("AltGr types a character, Alt is the browser's", () => {
    assert.equal(press("/", { ctrl: true, alt: true }), "/", "as Windows reports AltGr");
    assert.equal(press("q", { alt: true }), "");
    assert.equal(press("ArrowLeft", { alt: true }), "", "back in the browser's history");
    assert.equal(press("ArrowLeft", { alt: true, ctrl: true }), "");
});

test("a modifier by itself and a dead key are no key", () => {
    for (const key of ["Shift", "Control", "Alt", "Meta", "AltGraph", "CapsLock", "Dead"]) assert.equal(press(key), "");
    const { actionOf } = createKeymap();
    assert.equal(actionOf(""), undefined);
});

test("no two actions of a task have one key, and none has a class's", () => {
    for (const actions of eachTask()) {
        const keys = actions.flatMap(({ key, also = [] }) => [key, ...also]);
        assert.equal(new Set(keys).size, keys.length);
        assert.deepEqual(keys.filter((key) => /^[0-9]$/.test(key)), []);
    }
});

test("every action is found by its key, and by its other keys", () => {
    const keymap = createKeymap();
    const found = TASKS.flatMap((task) => {
        keymap.task = task;
        for (const action of keymap.actions) {
            assert.equal(keymap.actionOf(keymap.key(action.name)), action);
            for (const other of action.also ?? []) assert.equal(keymap.actionOf(other), action);
        }
        return keymap.actions;
    });
    assert.deepEqual(new Set(found), new Set(ACTIONS), "every action is some task's");
});

test("a task has the keys of its own actions and no others", () => {
    const keymap = createKeymap();
    const meant = (...keys) => keys.map((key) => keymap.actionOf(key)?.name);
    assert.deepEqual(meant("g", "Delete", "Tab"), ["grid", undefined, undefined]);
    keymap.task = "detection";
    assert.deepEqual(meant("g", "Delete", "Tab"), [undefined, "erase", "next"]);
    assert.notEqual(keymap.titleOf(keymap.actionOf("Space")), createKeymap().titleOf(keymap.actionOf("Space")));
});

test("a changed key takes the place of the old one, and whoever had it gets that", () => {
    const keymap = createKeymap();
    keymap.assign("skip", ";");
    assert.equal(keymap.actionOf(";")?.name, "skip");
    assert.equal(keymap.actionOf("s"), undefined);
    keymap.assign("skip", "z");
    assert.equal(keymap.actionOf("z")?.name, "skip");
    assert.equal(keymap.actionOf(";")?.name, "undo");
    assert.deepEqual(keymap.changed, { skip: "z", undo: ";" });
    keymap.reset();
    assert.equal(keymap.actionOf("s")?.name, "skip");
});

test("two actions change places, whatever has the key in another task", () => {
    const keymap = createKeymap({ skip: "d" });
    keymap.assign("skip", "z");
    assert.deepEqual([keymap.key("skip"), keymap.key("undo")], ["z", "d"]);
    keymap.begin("segmentation", {});
    assert.deepEqual([keymap.key("undo"), keymap.key("brush")], ["z", "d"]);
});

test("a key of one's own goes before a second key of another action", () => {
    const keymap = createKeymap();
    keymap.assign("grid", "Ctrl+z");
    assert.equal(keymap.actionOf("Ctrl+z")?.name, "grid");
    assert.equal(keymap.actionOf("z")?.name, "undo");
});

test("however often keys are changed, every action has one and no two of a task have the same", () => {
    for (let seed = 0; seed < 100; seed++) {
        const random = createRandom(seed);
        const keymap = createKeymap();
        keymap.task = random.pick(TASKS);
        const keys = [...ACTIONS.map(({ key }) => key), "q", "w", "Shift+q", "Ctrl+k", ";"];
        for (let turn = 0; turn < 60; turn++) {
            const { name } = random.pick(keymap.actions);
            const key = random.pick(keys);
            keymap.assign(name, key);
            assert.equal(keymap.actionOf(key)?.name, name);
            const all = keymap.actions.map((action) => keymap.key(action.name));
            assert.equal(new Set(all).size, keymap.actions.length, `seed ${seed}, turn ${turn}`);
        }
    }
});

test("classes get the digits in order, but a digit is its own key", () => {
    assert.deepEqual(classKeys(["cat", "dog"]), ["1", "2"]);
    assert.deepEqual(classKeys(["0", "1", "cat", "3"]), ["0", "1", "2", "3"]);
    const many = Array.from({ length: 12 }, (_, index) => `c${index}`);
    assert.deepEqual(classKeys(many).slice(8), ["9", "0", "", ""]);
    assert.deepEqual(classKeys(["cat", "dog", "fish"], { dog: "1" }), ["2", "1", "3"]);
    const chosen = createKeymap({ "class:dog": "d", skip: "x" });
    assert.deepEqual(chosen.classKeys(["cat", "dog"]), ["1", "d"]);
});

test("keys are spelled as they are read", () => {
    assert.equal(spelled("Shift+ArrowLeft"), "Shift+←");
    assert.equal(spelled("Escape"), "Esc");
    assert.equal(spelled("z"), "z");
});
