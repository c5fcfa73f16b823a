/** The small parts: the clock, the tally of labels, the colours, the store of small pictures. */

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { mock, test } from "node:test";

import { createClock } from "../../workbench/widgets/static/clock.js";
import { hex, newId } from "../../workbench/widgets/static/ids.js";
import { classColour } from "../../workbench/widgets/static/palette.js";
import { createTally } from "../../workbench/widgets/static/tally.js";
import { createThumbs } from "../../workbench/widgets/static/thumbs.js";

const STATIC = new URL("../../workbench/widgets/static/", import.meta.url);

test("every module loads as it is, without the linking that joins them for the browser", async () => {
    for (const name of readdirSync(STATIC).filter((each) => each.endsWith(".js")))
        assert.ok(Object.keys(await import(new URL(name, STATIC).href)).length, name);
});

test("the clock counts what the page is looked at, and no longer than a pause", () => {
    const page = Object.assign(new EventTarget(), { hidden: false });
    globalThis.document = /** @type {any} */ (page);
    let time = 1_000;
    mock.method(performance, "now", () => time);
    const turn = (hidden) => {
        page.hidden = hidden;
        page.dispatchEvent(new Event("visibilitychange"));
    };
    const clock = createClock();
    time += 2_000;
    assert.equal(clock.read(), 2);
    turn(true);
    time += 60_000;
    assert.equal(clock.read(), 2, "in another tab");
    turn(false);
    time += 1_000;
    assert.equal(clock.read(), 3);
    clock.restart();
    assert.equal(clock.read(), 0);
    time += 3_600_000;
    assert.equal(clock.read(), 120, "gone for lunch");
    clock.stop();
    turn(true);
    mock.restoreAll();
});

test("colours come again after eight, and there is one for what is no class", () => {
    const eight = Array.from({ length: 8 }, (_, index) => classColour(index));
    assert.equal(new Set(eight).size, 8);
    assert.equal(classColour(8), eight[0]);
    assert.ok(eight.includes(classColour(-1)));
});

test("a label of many and its undo leave the tally as it was", () => {
    const tally = createTally();
    tally.load({ cat: 2 });
    tally.give(["a"], "cat");
    const were = tally.giveMany(["a", "b"], "dog");
    assert.deepEqual(tally.counts, { cat: 2, dog: 2 });
    tally.giveBack(["a", "b"], "dog", were);
    assert.deepEqual(tally.counts, { cat: 3, dog: 0 });
    assert.deepEqual(["a", "b"].map(tally.labelOf), ["cat", undefined]);
});

const PICTURE = new DataView(new ArrayBuffer(8));

test("small pictures are asked for in batches, the latest wishes first, each once", () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    const sent = [];
    const thumbs = createThumbs((message) => sent.push(message.samples));
    for (let n = 0; n < 100; n++) thumbs.want(`s${n}`, () => {});
    thumbs.want("s99", () => {});
    thumbs.want("gone", () => {})(); // scrolled past before it was asked for
    mock.timers.tick(16);
    assert.deepEqual(sent.map((samples) => samples.length), [60, 40]);
    assert.ok(sent[0].includes("s99") && !sent.flat().includes("gone"));
    assert.equal(new Set(sent.flat()).size, 100);
    mock.timers.reset();
});

test("of twenty thousand small pictures a few thousand are held", () => {
    const made = mock.method(URL, "createObjectURL", (blob) => `blob:${made.mock.callCount()}:${blob.size}`);
    const freed = mock.method(URL, "revokeObjectURL", () => {});
    const thumbs = createThumbs(() => {});
    const held = () => made.mock.callCount() - freed.mock.callCount();
    for (let n = 0; n < 20_000; n += 50) {
        const samples = Array.from({ length: 50 }, (_, index) => `s${n + index}`);
        let seen = 0;
        const stops = samples.map((sample) => thumbs.want(sample, () => seen++));
        thumbs.receive({ samples }, samples.map(() => PICTURE));
        assert.equal(seen, 50);
        for (const stop of stops) stop();
        assert.ok(held() <= 3_000, `${held()} held`);
    }
    let again = "";
    thumbs.want("s19999", (address) => (again = address));
    assert.ok(again, "those seen last are still there");
    thumbs.clear();
    assert.equal(held(), 0);
    mock.restoreAll();
});

test("ids are made without what browsers keep for https, and never twice", () => {
    const made = mock.method(crypto, "randomUUID", () => assert.fail("not there over plain http"));
    const ids = Array.from({ length: 1_000 }, newId);
    assert.equal(new Set(ids).size, 1_000);
    for (const id of ids) assert.match(id, /^[0-9a-f]{32}$/);
    assert.equal(hex(new Uint8Array([0, 10, 255])), "000aff");
    made.mock.restore();
});
