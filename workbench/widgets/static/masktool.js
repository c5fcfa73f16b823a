// @ts-check
/**
 * The tool for masks: a class for every pixel, painted over the image by pointer and keys. The mask comes
 * from the kernel when its image does; each stroke goes there as the rectangle that it changed.
 *
 * @typedef {import("./drawing.js").Change} Change
 * @typedef {import("./queue.js").Item} Item
 * @typedef {import("./raster.js").Raster} Raster
 * @typedef {import("./tool.js").Tool} Tool
 * @typedef {import("./tool.js").Bench} Bench
 * @typedef {{ sample: string, of: string, width?: number, height?: number, bytes?: number,
 *             names?: Record<string, string>, error?: string }} Told
 */

import { maskOf } from "./drawing.js";
import { createMagic } from "./magictool.js";
import { createMaskCanvas } from "./maskcanvas.js";
import { BRUSHES, createMaskHand } from "./maskhand.js";
import { createMaskPanel } from "./maskpanel.js";
import { createRaster } from "./raster.js";
import { smoothArea } from "./smoothing.js";
import { fillAlike, fillHoles } from "./strokes.js";

const FADES = [1, 0.4, 0];
const SMOOTH = 3; // pixels, radius of the details that are smoothed away at once
const ASK_MASK_AGAIN = 15_000; // ms
const GHOSTS_KEPT = 4; // masks that are suggested, of the images last seen
const RASTERS_KEPT = 4; // masks of those images: one of 12 MP takes 48 MB

/**
 * @param {Bench} bench
 * @returns {Tool}
 */
export function createMaskTool({ parts, viewport, work, clock, keymap, on }) {
    const canvas = createMaskCanvas(parts.stage, viewport, () => work.classes, classNow, () => work.reviewing);
    const hand = createMaskHand(viewport, { raster, className: classToPaint, painted: tell, paint, pans: on.panning });
    const magic = createMagic(viewport, {
        ...{ image: raster, exact: true, paint, pans: on.panning, say: on.notify, send: on.send, refresh: on.refresh },
        ready: () => Boolean(classToPaint()),
        sample: () => work.current?.id ?? "",
        tools: () => work.tools,
        found: (rings, meaning) => {
            const { width, height } = raster() ?? { width: 0, height: 0 };
            hand.area(rings.map((ring) => ring.map(([x, y]) => ({ x: width * x, y: height * y }))), meaning === "away");
        },
    });
    const panel = createMaskPanel(parts.slot, keymap, {
        act: on.act,
        resize: (place) => {
            resize(place - BRUSHES.indexOf(hand.size))();
        },
        own: magic.take,
        leave: on.focus,
    });
    parts.stage.classList.add("wb-drawing");
    let chosen = ""; // class of the next stroke
    let shown = ""; // image
    let spent = 0; // seconds, on its mask so far
    let opacity = 0; // place in FADES
    let frame = 0;
    /** @type {Map<string, { at: number, raster?: Raster, version?: number }>} when masks were asked for, by what and
     *      of which image, and what was there then */
    const asked = new Map();
    /** @type {Item[]} the images last seen, the latest first */
    let seen = [];
    /** @type {Map<string, string>} why there is no mask, by image */
    const problems = new Map();
    /** @type {Map<string, { mask: string, raster: Raster }>} what is suggested, by image */
    const ghosts = new Map();

    function classNow() {
        return work.classes.includes(chosen) ? chosen : (work.classes[0] ?? "");
    }

    /** A class for what is to be painted; where there is none, one is asked for. */
    function classToPaint() {
        if (!work.classes.length) on.act("newClass");
        return classNow();
    }

    /** @returns {Raster | null} of the image on screen */
    function raster() {
        return (viewport.picture && work.current?.raster) ?? null;
    }

    /** @returns {Raster | null} what is suggested for it */
    function ghost() {
        return ghosts.get(work.current?.id ?? "")?.raster ?? null;
    }

    /** What a model suggests for an image. */
    function suggestionOf(/** @type {Item | null} */ item) {
        return /** @type {{ mask: string, model: string } | null} */ (/** @type {unknown} */ (item?.suggestion ?? null));
    }

    function paint() {
        frame ||= requestAnimationFrame(paintNow);
    }

    function paintNow() {
        cancelAnimationFrame(frame);
        frame = 0;
        canvas.paint(raster(), ghost(), hand.state, magic.hand.kind ? magic.hand.state : null);
        parts.stage.style.cursor = raster() ? inHand().cursor : "progress";
    }

    /** What the pointer has. */
    function inHand() {
        return magic.hand.kind ? magic.hand : hand;
    }

    /**
     * @param {Item} item
     * @param {"label" | "suggestion"} of
     */
    function ask(item, of) {
        const key = `${of} ${item.id}`;
        if (performance.now() - (asked.get(key)?.at ?? -Infinity) < ASK_MASK_AGAIN) return;
        asked.set(key, { at: performance.now(), raster: item.raster, version: item.raster?.version });
        on.send({ type: "mask", sample: item.id, of });
    }

    /**
     * @param {import("./view.js").Box} box in which something was painted
     * @param {{ accepted?: true, model?: string }} [suggested]
     */
    function tell(box, suggested) {
        const change = raster()?.change(box);
        if (!change) return;
        const seconds = clock.read();
        spent += seconds;
        const op = work.draw([/** @type {Change} */ (/** @type {unknown} */ (change))], seconds, suggested);
        clock.restart();
        on.step(op);
    }

    /** @param {(own: Raster, guess: Raster, may: (at: number) => boolean) => import("./view.js").Box | null} choose */
    function accept(choose) {
        const [own, guess] = [raster(), ghost()];
        if (!own || !guess) return on.notify("nothing is suggested here");
        const box = choose(own, guess, (at) => own.values[at] === 0);
        if (box) tell(box, { accepted: true, model: suggestionOf(work.current)?.model });
        paint();
    }

    function acceptOne() {
        accept((own, guess, may) => {
            const { x, y } = hand.place ?? { x: -1, y: -1 };
            const at = Math.floor(y) * guess.width + Math.floor(x);
            if (work.reviewing && x >= 0 && y >= 0 && x < guess.width && y < guess.height) return instead(own, guess, at);
            const name = x < 0 || y < 0 || x >= guess.width || y >= guess.height ? "" : guess.palette[guess.values[at]];
            if (name) return fillAlike(own, guess.values, at, may, own.valueOf(name));
            on.notify("point at what is suggested");
            return null;
        });
    }

    /**
     * In review, what is suggested takes the place of what is there: as far as both go around a pixel.
     *
     * @param {Raster} own
     * @param {Raster} guess
     * @param {number} at
     */
    function instead(own, guess, at) {
        const name = guess.palette[guess.values[at]];
        if (name === own.palette[own.values[at]]) {
            on.notify("point at a striped region");
            return null;
        }
        const pairs = Uint32Array.from(own.values, (value, place) => (value << 16) | guess.values[place]);
        return fillAlike(own, pairs, at, () => true, name ? own.valueOf(name) : 0);
    }

    function acceptAll() {
        if (work.reviewing) return on.notify("in review, region by region");
        accept((own, guess, may) => {
            const values = guess.palette.map((name) => (name ? own.valueOf(name) : 0));
            for (let at = 0; at < guess.values.length; at += 1) {
                if (guess.values[at] && may(at)) own.values[at] = values[guess.values[at]];
            }
            const all = { x: 0, y: 0, width: own.width, height: own.height };
            own.touch(all);
            return all;
        });
    }

    function finish() {
        if (!work.current) return;
        if (!raster()) return on.notify("its mask is on its way");
        const seconds = clock.read();
        const all = spent + seconds;
        on.step(work.finishDrawn(seconds));
        on.finished(all);
    }

    /** @param {import("./maskhand.js").Kind} kind */
    const take = (kind) => () => {
        hand.kind = kind;
        magic.take("");
    };

    /** @param {number} by */
    const resize = (by) => () => {
        if (!magic.hand.resize(by)) hand.resize(by);
        on.refresh();
    };

    /**
     * @param {number} across
     * @param {number} down
     * @param {boolean} paints
     */
    const step = (across, down, paints) => () => inHand().step(across, down, paints);

    /** @type {Record<string, () => boolean | void>} false: it is not the tool's */
    const actions = {
        ...magic.actions,
        accept: () => magic.hand.accept() || magic.settled(finish),
        erase: () => magic.hand.back() || on.notify("no click to take back: the eraser rubs out"),
        brush: take("brush"),
        eraser: take("eraser"),
        lasso: take("lasso"),
        fill: take("fill"),
        narrowerBrush: resize(-1),
        widerBrush: resize(1),
        careful: () => {
            hand.careful = !hand.careful;
            on.notify(hand.careful ? "other classes stay as they are" : "other classes are painted over");
            on.refresh();
        },
        fillHoles: () => {
            const own = raster();
            if (own) tell(fillHoles(own, own.valueOf(classNow())));
            paint();
        },
        smooth: () => {
            const own = raster();
            const box = own && smoothArea(own, own.valueOf(classNow()), SMOOTH);
            if (box) tell(box);
            paint();
        },
        pressBrush: () => inHand().press(),
        left: step(-1, 0, false),
        right: step(1, 0, false),
        up: step(0, -1, false),
        down: step(0, 1, false),
        paintLeft: step(-1, 0, true),
        paintRight: step(1, 0, true),
        paintUp: step(0, -1, true),
        paintDown: step(0, 1, true),
        doubt: () => on.act("heat"),
        acceptGhost: acceptOne,
        acceptGhosts: acceptAll,
        opacity: () => {
            opacity = (opacity + 1) % FADES.length;
            canvas.opacity = FADES[opacity];
            on.notify(["mask as it is", "mask faint", "mask out of sight"][opacity]);
            paint();
        },
    };

    /**
     * @param {Told} told
     * @param {DataView[]} buffers
     */
    async function hearMask({ sample, of, width = 0, height = 0, bytes = 1, names = {}, error = "" }, buffers) {
        const item = work.itemOf(sample);
        const before = asked.get(`${of} ${sample}`);
        if (error) {
            if (of === "label") problems.set(sample, error);
            if (item) item.outdated = false;
            return on.refresh();
        }
        asked.delete(`${of} ${sample}`);
        const packed = new Response(new Blob([/** @type {any} */ (buffers[0])]).stream().pipeThrough(new DecompressionStream("deflate")));
        const data = await packed.arrayBuffer();
        const numbers = bytes === 2 ? new Uint16Array(data) : new Uint8Array(data);
        const next = createRaster(width, height);
        next.load(numbers, names);
        if (of === "suggestion") {
            ghosts.delete(sample);
            ghosts.set(sample, { mask: suggestionOf(item)?.mask ?? "", raster: next });
            for (const old of [...ghosts.keys()].slice(0, -GHOSTS_KEPT)) ghosts.delete(old);
            return on.refresh();
        }
        // What was painted meanwhile, or is being painted, may not be in it: it is asked for once more.
        const painting = hand.busy && item?.id === work.current?.id;
        const painted = item?.raster && (item.raster !== before?.raster || item.raster.version !== before?.version);
        if (!item || painting || painted) return on.refresh();
        problems.delete(sample);
        for (const op of work.underWay(sample)) for (const { after } of op.changes) next.apply(after);
        item.raster = next;
        item.outdated = false;
        on.refresh();
    }

    return {
        down: (event) => inHand().down(event),
        move: (event) => inHand().move(event),
        up: (event) => inHand().up(event),
        hover: (event) => inHand().hover(event),
        cancel: () => (magic.hand.kind ? magic.hand.drop() : hand.cancel()),
        over: () => raster() !== null,
        className: classNow,
        paint: paintNow,
        act(name) {
            if (magic.defers(name, on.act)) return true;
            if (!(name in actions)) return false;
            return actions[name]() !== false;
        },
        choose(name) {
            chosen = name;
            on.refresh();
        },
        leave() {
            if (magic.hand.leave()) return true;
            if (hand.busy) hand.cancel();
            else return hand.drop();
            return true;
        },
        settle() {},
        reason: () => "",
        hear: (message, buffers) => (message.type === "magic" ? magic.hear(message) : hearMask(message, buffers)),
        show(item, picture) {
            if (item && item.id !== shown) {
                shown = item.id;
                spent = 0;
                hand.cancel();
                magic.hand.drop();
                seen = [item, ...seen.filter((other) => other !== item)];
                for (const old of seen.splice(RASTERS_KEPT)) old.raster = undefined;
            }
            if (item && (!item.raster || item.outdated) && !hand.busy && maskOf(item)) ask(item, "label");
            const suggestion = suggestionOf(item);
            if (item && suggestion && ghosts.get(item.id)?.mask !== suggestion.mask) ask(item, "suggestion");
            panel.show({
                kind: hand.kind,
                magicKind: magic.hand.kind,
                tools: work.tools,
                size: hand.size,
                careful: hand.careful,
                classes: work.classes,
                raster: (picture && item?.raster) ?? null,
                problem: problems.get(item?.id ?? "") ?? "",
                suggestedBy: suggestion && ghost() ? suggestion.model : null,
                reviewing: work.reviewing,
            });
            paint();
        },
        destroy() {
            cancelAnimationFrame(frame);
            canvas.destroy();
            panel.destroy();
            magic.destroy();
            parts.stage.classList.remove("wb-drawing");
        },
    };
}
