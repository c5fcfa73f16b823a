// @ts-check
/**
 * The tool for objects: boxes, outlines or named points over the image, in the panel, under pointer and keys.
 *
 * @typedef {import("./boxgeometry.js").PlainBox} PlainBox
 * @typedef {import("./drawing.js").Change} Change
 * @typedef {import("./tool.js").Tool} Tool
 * @typedef {import("./tool.js").Bench} Bench
 */

import { createBoxCanvas } from "./boxcanvas.js";
import { createBoxHand } from "./boxhand.js";
import { MOVES, SHAPING, shaped } from "./boxkeys.js";
import { createBoxModel } from "./boxmodel.js";
import { createBoxPanel } from "./boxpanel.js";
import { boxesOf, worded } from "./drawing.js";
import { createKeypointHand } from "./keypointhand.js";
import { createOutlineHand } from "./outlinehand.js";
import { createOutlineMagic } from "./outlinemagic.js";
import { createPointList } from "./pointlist.js";

const PRESSES = 350; // ms without a key after which a box that keys moved is kept, as one step
const OPACITIES = [1, 0.4, 0];
const THRESHOLD_STEP = 0.05;
const HANDS = Object.freeze({ detection: createBoxHand, instances: createOutlineHand, keypoints: createKeypointHand });
const NEW = 0.2; // of what is to be seen, sides of a box that a key makes

/**
 * @param {Bench} bench
 * @returns {Tool}
 */
export function createBoxTool(bench) {
    const { parts, viewport, work, clock, keymap, skeleton, on } = bench;
    const model = createBoxModel(on.newId);
    const hand = HANDS[/** @type {"detection"} */ (keymap.task)](viewport, model, {
        className: classToDraw,
        drawn: (box) => draw([{ before: null, after: { ...box, id: on.newId() } }]),
        changed: (box, next) => edit(box, next),
        selected: (box) => {
            settle();
            select(box);
        },
        paint,
        pans: () => on.panning(),
        say: on.notify,
        walk,
        skeleton,
    });
    const magic = createOutlineMagic(bench, model, {
        className: classToDraw,
        drawn: (box) => draw([{ before: null, after: { ...box, id: on.newId() } }]),
        changed: (box, next) => edit(box, next),
        paint,
    });
    const words = (/** @type {string} */ said) => worded(keymap.task, said);
    const canvas = createBoxCanvas(parts.stage, viewport, model, () => work.classes, className, skeleton.edges);
    const points = hand.told && createPointList(parts.slot, skeleton.labels, hand.choose);
    const panel = createBoxPanel(parts.slot, model, keymap, {
        select,
        point: (box) => (hand.hovered = box),
        act: on.act,
        own: magic.take,
        only: (name) => {
            model.only = name;
            on.refresh();
        },
        threshold: (next) => {
            model.threshold = next;
            on.refresh();
        },
        leave: on.focus,
        attributed: (box, attributes) => {
            const { attributes: _, ...bare } = box;
            edit(box, Object.keys(attributes).length ? { ...bare, attributes } : bare);
        },
    });
    parts.stage.classList.add("wb-drawing");
    let chosen = ""; // class of the next box
    let shown = ""; // image
    let pointed = ""; // image whose first doubt was selected, in review
    let spent = 0; // seconds, on its boxes so far
    /** @type {PlainBox[]} */
    let last = []; // boxes of the image before
    /** @type {{ box: PlainBox, next: PlainBox } | null} what keys have made of the selected box */
    let pressed = null;
    let pressing = 0;
    let frame = 0;
    let opacity = 0; // place in OPACITIES

    function className() {
        return work.classes.includes(chosen) ? chosen : (work.classes[0] ?? "");
    }

    /** A class for what is to be drawn; where there is none, one is asked for. */
    function classToDraw() {
        if (!work.classes.length) on.act("newClass");
        return className();
    }

    function paint() {
        frame ||= requestAnimationFrame(paintNow);
    }

    function paintNow() {
        cancelAnimationFrame(frame);
        frame = 0;
        const { state } = hand;
        canvas.paint(pressed ? { ...state, draft: pressed.next } : state, magic.hand.kind ? magic.hand.state : null);
        parts.stage.style.cursor = inHand().cursor;
        if (hand.told) points?.show(hand.told);
    }

    /** What the pointer has. */
    function inHand() {
        return magic.hand.kind ? magic.hand : hand;
    }

    /** @param {PlainBox | null} box */
    function select(box) {
        model.selected = box;
        on.refresh();
    }

    /**
     * @param {Change[]} changes
     * @param {{ accepted?: true, model?: string }} [suggested]
     */
    function draw(changes, suggested) {
        if (!changes.length) return;
        if (changes.length === 1) model.selected = changes[0].after;
        const seconds = clock.read();
        spent += seconds;
        const op = work.draw(changes, seconds, suggested);
        clock.restart();
        on.step(op);
    }

    /**
     * @param {PlainBox} box
     * @param {PlainBox} next
     */
    function edit(box, next) {
        if (JSON.stringify(box) === JSON.stringify(next)) return;
        const suggested = model.isGhost(box) ? { model: model.suggestedBy } : undefined;
        draw([model.change(box, next)], suggested);
    }

    /** What keys have made of a box is kept. */
    function settle() {
        clearTimeout(pressing);
        if (!pressed) return;
        const { box, next } = pressed;
        pressed = null;
        edit(box, next);
    }

    /** The page may be closed now. */
    function onHidden() {
        if (document.hidden) settle();
    }
    document.addEventListener("visibilitychange", onHidden);

    /** @param {string} action */
    function shape(action) {
        const box = pressed?.next ?? model.selected;
        if (!box) return;
        const next = hand.shaped(action, box) ?? shaped(action, box, model.image);
        pressed = { box: pressed?.box ?? box, next };
        clearTimeout(pressing);
        pressing = setTimeout(settle, PRESSES);
        paint();
    }

    /** @param {PlainBox[]} ghosts taken as they are */
    function accept(ghosts) {
        if (ghosts.length) draw(model.accept(ghosts), { accepted: true, model: model.suggestedBy });
        else on.notify("nothing is suggested here");
    }

    function acceptGhost() {
        const box = model.selected;
        if (!box || !model.isGhost(box)) return model.shownGhosts.length ? nextGhost() : accept([]);
        const { id } = box;
        const at = model.shownGhosts.findIndex((ghost) => ghost.id === id);
        accept([box]);
        select(model.shownGhosts[at] ?? model.shownGhosts[0] ?? null); // the next one
    }

    function nextGhost() {
        select(model.shownGhosts[0]);
    }

    function newBox() {
        const label = classToDraw();
        if (!viewport.picture || !label) return;
        const { view, canvas: area } = viewport;
        const side = (NEW * Math.min(area.width, area.height)) / view.scale;
        const [width, height] = [Math.min(1, side / model.image.width), Math.min(1, side / model.image.height)];
        const middle = [(area.width / 2 - view.x) / view.scale, (area.height / 2 - view.y) / view.scale];
        const box = hand.made({
            ...{ id: on.newId(), label, width, height },
            x: Math.min(1 - width, Math.max(0, middle[0] / model.image.width - width / 2)),
            y: Math.min(1 - height, Math.max(0, middle[1] / model.image.height - height / 2)),
        });
        const same = model.boxes.find(({ x, y, ...other }) => x === box.x && y === box.y && other.label === label);
        draw(same ? model.beside(same) : [{ before: null, after: box }]);
    }

    function repeat() {
        const changes = model.repeat(last);
        if (changes.length) draw(changes);
        else on.notify(last.length ? "they are all here already" : words("the last image has no boxes"));
    }

    function onlyClass() {
        const label = model.selected?.label ?? className();
        model.only = model.only === label ? "" : label;
        on.refresh();
    }

    function fade() {
        opacity = (opacity + 1) % OPACITIES.length;
        canvas.opacity = OPACITIES[opacity];
        on.notify(words(["boxes as they are", "boxes faint", "boxes out of sight"][opacity]));
        paint();
    }

    /** @param {number} by */
    function surer(by) {
        model.threshold += by;
        on.notify(`suggested from ${Math.round(100 * model.threshold)} % on: ${model.ghosts.length}`);
        on.refresh();
    }

    /** @param {1 | -1} by */
    function walk(by) {
        model.step(by);
        on.refresh();
    }

    /** @type {Record<string, () => void>} */
    const actions = {
        ...magic.actions,
        accept: () => magic.hand.accept() || hand.close() || magic.settled(finish),
        next: () => walk(1),
        previous: () => walk(-1),
        erase: () => {
            if (magic.hand.back() || hand.erase()) return;
            const changes = model.erase();
            if (changes.length) draw(changes);
            else on.refresh();
        },
        newBox: () => (magic.hand.kind ? magic.hand.press() : newBox()),
        pressAdd: () => magic.hand.kind && magic.hand.press("add"),
        pressAway: () => magic.hand.kind && magic.hand.press("away"),
        copyBox: () => {
            model.copy();
            if (model.copied) on.notify(`${model.copied.label} copied`);
        },
        pasteBox: () => draw(model.paste()),
        duplicate: () => model.selected && draw(model.beside(model.selected)),
        repeatBoxes: repeat,
        attributes: () => panel.attributes.focus(),
        acceptGhost,
        acceptGhosts: () => accept(model.shownGhosts),
        fewerGhosts: () => magic.hand.resize(1) || surer(THRESHOLD_STEP),
        moreGhosts: () => magic.hand.resize(-1) || surer(-THRESHOLD_STEP),
        onlyClass,
        opacity: fade,
        crosshair: () => {
            hand.crosshair = !hand.crosshair;
            paint();
        },
        ...hand.actions,
    };

    function finish() {
        if (!work.current) return;
        const seconds = clock.read();
        const all = spent + seconds;
        on.step(work.finishDrawn(seconds));
        on.finished(all);
    }

    return {
        down: (event) => inHand().down(event),
        move: (event) => inHand().move(event),
        up: (event) => inHand().up(event),
        hover: (event) => inHand().hover(event),
        cancel: () => (magic.hand.kind ? magic.hand.drop() : hand.letGo()),
        over: (event) => magic.hand.kind !== "" || hand.over(event),
        className,
        paint: paintNow,
        act(name) {
            if (magic.defers(name, on.act)) return true;
            const by = magic.hand.kind ? MOVES[name] : null;
            if (by && magic.hand.step(Math.sign(by[0]), Math.sign(by[1]), name.startsWith("far"))) return true;
            if (hand.steer(name)) return true;
            if (SHAPING.includes(name)) {
                if (!model.selected) return /^far|er$|^turn/.test(name); // else the arrows look around
                shape(name);
                return true;
            }
            settle();
            if (!(name in actions)) return false;
            actions[name]();
            return true;
        },
        choose(name) {
            settle();
            chosen = name;
            const box = model.selected;
            if (box && box.label !== name) edit(box, { ...box, label: name });
            on.refresh();
        },
        leave() {
            if (magic.hand.leave()) return true;
            if (hand.busy) hand.cancel();
            else if (hand.drop()) return true;
            else if (model.selected) select(null);
            else return false;
            return true;
        },
        settle,
        reason: () => model.reason,
        hear: magic.hear,
        show(item, picture) {
            if (item && item.id !== shown) {
                clearTimeout(pressing);
                pressed = null;
                if (shown) last = model.boxes;
                shown = item.id;
                spent = 0;
                model.leave();
                hand.cancel();
                magic.hand.drop();
            }
            const ghosts = /** @type {import("./boxmodel.js").Ghosts | null} */ (/** @type {unknown} */ (item?.suggestion ?? null));
            if (!item || picture) model.show(boxesOf(item), picture ?? model.image, ghosts);
            if (work.reviewing && picture && pointed !== shown) {
                pointed = shown;
                const { point } = /** @type {{ point?: string }} */ (item);
                const meant = [...model.shownGhosts, ...model.boxes].find(({ id }) => id === point);
                model.selected = meant ?? model.shownGhosts[0] ?? null; // what is doubted most
            }
            panel.show(work.classes, magic.hand.kind, work.tools);
            paint();
        },
        destroy() {
            settle();
            document.removeEventListener("visibilitychange", onHidden);
            cancelAnimationFrame(frame);
            canvas.destroy();
            panel.destroy();
            magic.destroy();
            points?.destroy();
            parts.stage.classList.remove("wb-drawing");
        },
    };
}
