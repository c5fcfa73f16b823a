/** Where an image lies on the canvas: fitted, zoomed, panned. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { contains, finerPart, fit, panBy, visible, within, zoomTo } from "../../workbench/widgets/static/view.js";
import { createRandom } from "./random.js";

const CANVAS = { width: 1_000, height: 700 };
const close = (a, b, tolerance = 1e-6) => assert.ok(Math.abs(a - b) <= tolerance, `${a} against ${b}`);

/** @param {ReturnType<typeof createRandom>} random */
function anyImage(random) {
    return random.pick([
        { width: 1, height: 1 }, { width: 1, height: 9_000 }, { width: 12_000, height: 9 },
        { width: 8, height: 8 }, { width: 4_000, height: 3_000 }, { width: 10_000, height: 10_000 }, CANVAS,
    ]);
}

/** Image coordinates under a point of the canvas. */
const under = (view, { x, y }) => ({ x: (x - view.x) / view.scale, y: (y - view.y) / view.scale });

test("a fitted image is wholly seen, in the middle, and one side nearly fills the canvas", () => {
    for (let seed = 0; seed < 50; seed++) {
        const image = anyImage(createRandom(seed));
        const view = fit(CANVAS, image);
        const [width, height] = [view.scale * image.width, view.scale * image.height];
        close(2 * view.x + width, CANVAS.width);
        close(2 * view.y + height, CANVAS.height);
        close(Math.max(width / CANVAS.width, height / CANVAS.height), 0.94);
        assert.deepEqual(visible(view, CANVAS, image), { x: 0, y: 0, ...image });
    }
});

test("what lies under the pointer stays there, wherever the image's edges allow it", () => {
    const image = { width: 4_000, height: 3_000 };
    for (let seed = 0; seed < 500; seed++) {
        const random = createRandom(seed);
        let view = zoomTo(fit(CANVAS, image), { x: 500, y: 350 }, 1, CANVAS, image);
        view = panBy(view, { x: random.below(2_000) - 1_000, y: random.below(1_600) - 800 }, CANVAS, image);
        const at = { x: random.below(CANVAS.width), y: random.below(CANVAS.height) };
        const next = zoomTo(view, at, view.scale * (1 + random.below(100) / 20), CANVAS, image);
        const [before, after] = [under(view, at), under(next, at)];
        close(after.x, before.x, 1e-6);
        close(after.y, before.y, 1e-6);
    }
});

test("1:1 is one device pixel a pixel, of an image of any size", () => {
    for (let seed = 0; seed < 50; seed++) {
        const image = anyImage(createRandom(seed));
        assert.equal(zoomTo(fit(CANVAS, image), { x: 1, y: 1 }, 1, CANVAS, image).scale, 1);
    }
});

test("however it is zoomed and dragged, the image never leaves the canvas", () => {
    for (let seed = 0; seed < 200; seed++) {
        const random = createRandom(seed);
        const image = anyImage(random);
        const whole = fit(CANVAS, image);
        let view = whole;
        for (let turn = 0; turn < 40; turn++) {
            const at = { x: random.below(CANVAS.width), y: random.below(CANVAS.height) };
            view = random.chance(0.5)
                ? zoomTo(view, at, view.scale * Math.exp(random.below(9) - 4), CANVAS, image)
                : panBy(view, { x: random.below(4_000) - 2_000, y: random.below(4_000) - 2_000 }, CANVAS, image);
            assert.ok(view.scale >= Math.min(whole.scale, 1) - 1e-9 && view.scale <= 32 * Math.max(whole.scale, 1) + 1e-9);
            for (const [offset, side, room] of [[view.x, view.scale * image.width, CANVAS.width], [view.y, view.scale * image.height, CANVAS.height]]) {
                if (side <= room) close(offset, (room - side) / 2, 1e-6);
                else assert.ok(offset <= 1e-6 && offset + side >= room - 1e-6, "no gap at its edges");
            }
            const { x, y, width, height } = visible(view, CANVAS, image);
            assert.ok(x >= 0 && y >= 0 && width >= 1 && height >= 1 && x + width <= image.width && y + height <= image.height);
            assert.deepEqual(within(view, CANVAS, image), view);
        }
    }
});

test("finer pixels are asked for where they would be seen, and not a second time", () => {
    const image = { width: 8_000, height: 6_000 };
    const fitted = fit(CANVAS, image);
    const sharpness = fitted.scale; // the picture at hand was made for the fitted view
    assert.equal(finerPart({ view: fitted, canvas: CANVAS, image }, sharpness, null), null);
    const view = zoomTo(fitted, { x: 300, y: 300 }, 0.8, CANVAS, image);
    const part = finerPart({ view, canvas: CANVAS, image }, sharpness, null);
    assert.ok(part && contains(visible(view, CANVAS, image), part.box));
    const got = { box: part.box, sharpness: part.side / Math.max(part.box.width, part.box.height) };
    assert.equal(finerPart({ view, canvas: CANVAS, image }, sharpness, got), null);
    const near = panBy(view, { x: 60, y: -40 }, CANVAS, image);
    assert.equal(finerPart({ view: near, canvas: CANVAS, image }, sharpness, got), null, "a small pan needs nothing");
    const far = panBy(view, { x: -3_000, y: 0 }, CANVAS, image);
    assert.ok(finerPart({ view: far, canvas: CANVAS, image }, sharpness, got));
    const closer = zoomTo(view, { x: 300, y: 300 }, 8, CANVAS, image);
    const last = finerPart({ view: closer, canvas: CANVAS, image }, sharpness, got);
    assert.ok(last && last.side <= Math.max(last.box.width, last.box.height), "never more than the file has");
});
