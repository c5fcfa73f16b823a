// @ts-check
/**
 * The labelling widget: wires the viewport, the panel and the bar to the worklist, and the worklist
 * to the kernel. Everything a hand does takes effect here at once; the kernel confirms it.
 */

import { leave, tellShown } from "./around.js";
import { createBar } from "./bar.js";
import { createClassSheet } from "./classsheet.js";
import { createClock } from "./clock.js";
import { createCurve } from "./curve.js";
import { listenToGestures } from "./gestures.js";
import { createGridMode } from "./gridmode.js";
import { createHand } from "./hand.js";
import { createHints } from "./hints.js";
import { newId, newObjectId } from "./ids.js";
import { createImages } from "./images.js";
import { listenToKeys } from "./keyboard.js";
import { createKeymap } from "./keymap.js";
import { connectLayers } from "./layers.js";
import { describe, layOut, overlay } from "./layout.js";
import { openOutbox } from "./outbox.js";
import { createNeighbours } from "./neighbours.js";
import { createPanel } from "./panel.js";
import { readKeys, writeKeys } from "./preferences.js";
import { createSaving } from "./saving.js";
import { createSheet } from "./sheet.js";
import { createThumbs } from "./thumbs.js";
import { createTool } from "./tool.js";
import { createSender } from "./transport.js";
import { viewActions } from "./viewactions.js";
import { createViewport } from "./viewport.js";
import { createWorklist } from "./worklist.js";

const AHEAD = 6; // pictures decoded before they are needed
const PREFETCH_AFTER = 60; // ms
const ASK_TIMES = 30; // every two seconds, while the kernel does not answer at all

/**
 * @param {{ model: any, el: HTMLElement }} context
 */
async function render({ model, el }) {
    const send = createSender(model);
    const outbox = await openOutbox();
    const work = createWorklist(newId);
    const clock = createClock();
    const images = createImages(send, onPicture);
    const keymap = createKeymap(model.get("shortcuts"));
    const parts = layOut(el, model.get("height"), keymap, act);
    const viewport = createViewport(parts.stage, { onSettled: showFiner, onPaint: () => tool?.paint() });
    const bar = createBar(parts.bar);
    const notify = bar.notify;
    const saving = createSaving(send, outbox, work, bar);
    const panel = createPanel(parts.panel, {
        choose,
        act,
        add: (name) => addClass(name),
        leave: takeFocus,
        note: (text) => step(work.note(text)),
        examples: (samples) => examples.show(samples.map((id) => ({ id, label: "", similarity: 1 }))),
    }, keymap);
    const thumbs = createThumbs(send);
    const hand = createHand(work, clock, {
        grid: () => grid,
        ticked: (name) => {
            refresh();
            panel.reveal(name);
        },
        step,
        given: (label, seconds) => {
            if (seconds !== null) bar.timed(seconds);
            panel.flash(label);
        },
        more: () => send({ type: "hello" }),
    });
    const grid = createGridMode(parts, thumbs, work, send, { label: hand.finishMany, changed: onGridChanged });
    const hints = createHints(parts.tools.heat, send);
    const neighbours = createNeighbours(panel.why, thumbs);
    const examples = createNeighbours(panel.guide, thumbs);
    const classSheet = createClassSheet(parts.stage, {
        rename: (name, to) => step(work.editClass("rename", name, to)),
        merge: (name, to) => step(work.editClass("merge", name, to)),
        remove: (name) => step(work.editClass("remove", name)),
        closed: takeFocus,
    });
    const curve = createCurve(panel.foot);
    const sheet = createSheet(parts.stage, keymap, {
        changed: keepKeys,
        reset: () => {
            keymap.reset(model.get("shortcuts"));
            keepKeys();
        },
        closed: takeFocus,
    });

    /** @type {import("./tool.js").Tool | null} of the task, for what is drawn */
    let tool = null;
    let loaded = false;
    let outdated = false; // there is a newer state to ask for, once all is saved
    let instant = true;
    let working = ""; // what the model is busy with
    /** @type {import("./curve.js").CurvePoint[]} */
    let points = [];
    let measure = ""; // what they are
    let shown = ""; // sample on screen
    let engaged = false; // by a hand, not by having come into focus by itself
    let prefetchTimer = 0;

    // --- what the hand does ---------------------------------------------------------------

    /** @type {Record<string, () => void>} */
    const actions = {
        accept: hand.accept,
        keep: hand.keep,
        skip: hand.skip,
        undo: () => step(work.undo()),
        redo: () => (work.redoable ? step(work.redo()) : notify("nothing to redo")),
        find: panel.findClass,
        newClass: panel.askForClass,
        ...viewActions(viewport),
        classes: () => classSheet.toggle(),
        note: () => work.current && panel.askForNote(work.current.note),
        grid: grid.toggle,
        likeThis: () => work.current && grid.like(work.current.id),
        heat: toggleHeat,
        instant: toggleInstant,
        help: () => sheet.toggle(),
        leave: () => tool?.leave() || leave(parts.root),
    };

    /** @param {string} name */
    function act(name) {
        if (!tool?.act(name)) actions[name]?.();
    }

    /** @param {string} name of a class */
    function choose(name) {
        if (tool) tool.choose(name);
        else hand.choose(name);
    }

    function onGridChanged() {
        clock.restart();
        refresh();
    }

    /** @param {import("./outbox.js").Op | null} op null where the kernel has no part in it */
    function step(op) {
        if (op) saving.post(op);
        refresh();
    }

    /** @param {string} name */
    function addClass(name) {
        if (work.classes.includes(name)) return notify(`there is a class ${name} already`);
        step(work.addClass(name));
    }

    function toggleHeat() {
        hints.toggle(work.current);
        refresh();
    }

    function toggleInstant() {
        send({ type: "instant", on: !instant });
        setInstant(!instant);
        notify(instant ? "the model learns as you label" : "the model rests: no suggestions, the order stays");
        refresh();
    }

    /** @param {boolean} on */
    function setInstant(on) {
        instant = work.suggesting = on;
        parts.tools.instant.setAttribute("aria-pressed", String(on));
        if (!on) working = "";
    }

    function keepKeys() {
        writeKeys(keymap.task, keymap.changed, model.get("shortcuts"));
        parts.nameKeys();
        refresh();
    }

    function takeFocus() {
        parts.root.focus({ preventScroll: true });
    }

    const keys = listenToKeys(parts.root, keymap, {
        first: (stroke) => grid.shown && grid.key(stroke),
        classes: () => work.classes,
        choose,
        act,
        engaged: () => (engaged = true),
        drags: () => tool !== null,
    });
    // A click on a button must not take the keys away.
    parts.root.addEventListener("mousedown", (event) => {
        engaged = true;
        if (event.target instanceof Element && event.target.closest("input, textarea, select, .wb-sheet")) return;
        event.preventDefault();
        takeFocus();
    });
    parts.root.addEventListener("blur", () => {
        engaged = false;
        tool?.settle();
    });
    const stopGestures = listenToGestures(parts.stage, viewport, () => engaged && !sheet.shown, () => tool);

    // --- to and from the kernel -----------------------------------------------------------

    /** @type {Record<string, (message: any, buffers: DataView[]) => void>} */
    const heard = {
        image: images.receive,
        thumbs: thumbs.receive,
        grid: grid.receive,
        region: onRegion,
        mask: (message, buffers) => tool?.hear?.(message, buffers),
        magic: (message, buffers) => tool?.hear?.(message, buffers),
        state: onState,
        ack: onAck,
        heat: onHeat,
        news: onNews,
    };

    /**
     * @param {any} message
     * @param {DataView[]} buffers
     */
    function onMessage(message, buffers) {
        heard[message.type]?.(message, buffers);
    }

    /** @param {any} state of the kernel: what is labelled */
    function begin({ task = "classification", skeleton }) {
        keymap.begin(task, { ...model.get("shortcuts"), ...readKeys(task) });
        const on = { step, refresh, act, notify, focus: takeFocus, send, panning: () => keys.panning, newId: newObjectId, finished };
        tool = createTool(task, { parts: { stage: parts.stage, slot: panel.slot }, viewport, work, clock, keymap, skeleton: skeleton ?? { labels: [], edges: [] }, on });
    }

    /** @param {number} seconds that an image took */
    function finished(seconds) {
        bar.timed(seconds);
        if (work.needsMore) send({ type: "hello" });
    }

    /** @param {any} state */
    async function onState(state) {
        outdated = loaded && work.unsaved > 0; // older than what is under way
        if (outdated) return;
        if (!loaded) {
            loaded = true;
            begin(state);
            const kept = await saving.begin(state.dataset, work.adopt);
            if (kept) notify(`${kept} kept from before an interruption, being saved`);
        }
        setInstant(state.instant);
        [points, measure] = [state.curve, state.measure];
        panel.setGuidelines(state.guidelines);
        work.load(state);
        parts.nameKeys();
        saving.expect();
        refresh();
    }

    /** @param {any} ack */
    function onAck(ack) {
        const { settled, notice, stale } = work.acknowledge(ack);
        if (stale || (outdated && !work.unsaved)) send({ type: "hello" });
        if (settled) saving.settle(ack.id);
        if (notice) notify(notice);
        saving.expect();
        refresh();
    }

    /** @param {any} news */
    function onNews(news) {
        if (news.news === "model") onModel(news);
        else if (!work.hear(news)) return;
        if (news.news === "queue" || news.news === "classes") send({ type: "hello" });
        refresh();
    }

    /** @param {any} news */
    function onModel(news) {
        working = news.working ?? "";
        if (!news.suggestions || !instant) return;
        if (!work.reviewing) work.learn(news); // else what has not seen the labels speaks
        if (news.curve) points = news.curve;
    }

    // --- pictures and layers --------------------------------------------------------------

    /** @param {string} sample */
    function onPicture(sample) {
        if (sample === work.current?.id) refresh();
    }

    /** The pixels that the view could show and the picture lacks are asked for. */
    function showFiner() {
        const item = work.current;
        const part = viewport.finerPart;
        if (item && part) send({ type: "region", sample: item.id, ...part });
        refresh();
    }

    /**
     * @param {any} message
     * @param {DataView[]} buffers
     */
    async function onRegion({ sample, box }, buffers) {
        const bitmap = await createImageBitmap(new Blob([/** @type {any} */ (buffers[0])]));
        if (sample === work.current?.id) viewport.showDetail(bitmap, box);
        else bitmap.close();
    }

    /** @param {any} message */
    function onHeat(message) {
        if (message.sample !== work.current?.id) return;
        hints.receive(message);
        refresh();
    }

    const layers = connectLayers(model, viewport.redraw, refresh);

    /** After the label is on its way: its acknowledgement goes first. */
    function prefetch() {
        prefetchTimer = 0;
        for (const next of work.current ? work.upcoming(AHEAD) : []) images.want(next.id, viewport.side);
    }

    // --- the screen -----------------------------------------------------------------------

    function refresh() {
        const item = grid.shown ? null : work.current; // among many, no one is on screen
        if (item && item.id !== shown) {
            clock.restart();
            hints.ask(item);
            tellShown(parts.root, item.id);
        }
        if (item) work.present();
        shown = item?.id ?? "";
        if (item) images.want(item.id, viewport.side);
        prefetchTimer ||= setTimeout(prefetch, PREFETCH_AFTER);
        const picture = item ? images.get(item.id) : null;
        // Until the next picture is there the last one must not pose as it.
        tool?.show(item, picture ?? null);
        viewport.show(picture ?? null, item ? `Image ${item.name}` : "No image");
        viewport.setLayer(layers.visible(item, hints.shown));
        const skip = keymap.key("skip");
        parts.overlay.replaceChildren(...overlay(loaded, work.reviewing ? "review" : "queue", item, picture, work, bar.secondsEach, skip));
        panel.showClasses({
            classes: work.classes,
            counts: work.counts,
            label: tool ? tool.className() : (item?.label ?? null),
            suggestion: tool ? null : item && work.suggestion,
            reviewing: work.reviewing,
            ticked: work.ticking ? (grid.shown ? grid.ticked : work.ticked) : null,
            shown: grid.shown || item !== null,
        });
        panel.showReason((item && tool?.reason()) || (item?.reason ?? ""), item ? hints.note : "");
        panel.showNote(item?.note ?? "");
        classSheet.show(work.classes, work.counts);
        neighbours.show(item?.neighbours ?? []);
        grid.refresh();
        curve.show(points, working, measure);
        bar.showProgress(work.done, work.left);
        bar.showFile(item ? describe(item, picture, viewport) : "");
        parts.enable(item !== null);
        parts.tools.redo.toggleAttribute("disabled", !work.redoable);
    }

    model.on("msg:custom", onMessage);
    refresh();
    send({ type: "hello" });
    let asked = 0;
    const asking = setInterval(() => {
        if (loaded || ++asked > ASK_TIMES) return clearInterval(asking);
        send({ type: "hello" });
    }, 2_000);
    // Ready for the keys at once, but not out of the hands of somebody who is typing elsewhere.
    if (!document.activeElement?.closest("input, textarea, [contenteditable=true], .cm-editor")) takeFocus();

    return () => {
        clearInterval(asking);
        tool?.destroy();
        bar.stop();
        clearTimeout(prefetchTimer);
        saving.stop();
        model.off("msg:custom", onMessage);
        layers.disconnect();
        grid.destroy();
        stopGestures();
        clock.stop();
        viewport.destroy();
        images.clear();
        thumbs.clear();
    };
}

export default { render };
