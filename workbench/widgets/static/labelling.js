// @ts-check
/**
 * The labelling widget: wires the viewport, the panel and the bar to the worklist, and the worklist
 * to the kernel. Everything a hand does takes effect here at once; the kernel confirms it.
 */

import { createBar } from "./bar.js";
import { createClock } from "./clock.js";
import { h, icon } from "./dom.js";
import { createImages } from "./images.js";
import { openOutbox } from "./outbox.js";
import { createPanel, keysOf } from "./panel.js";
import { createSender } from "./transport.js";
import { createViewport } from "./viewport.js";
import { createWorklist } from "./worklist.js";

const AHEAD = 6; // pictures decoded before they are needed
const PATIENCE = 4_000; // ms without an acknowledgement after which the kernel counts as silent
const NOTICE = 6_000; // ms
const ASK_TIMES = 30; // every two seconds, while the kernel does not answer at all

/**
 * @param {{ model: any, el: HTMLElement }} context
 */
async function render({ model, el }) {
    const send = createSender(model);
    const outbox = await openOutbox();
    const work = createWorklist();
    const clock = createClock();
    const images = createImages(send, onPicture);
    const parts = layOut(el, model.get("height"), {
        undo,
        skip: () => finish(null),
        heat: toggleHeat,
    });
    const viewport = createViewport(parts.stage);
    const bar = createBar(parts.bar);
    const panel = createPanel(parts.panel, {
        choose: (label) => finish(label),
        add: addClass,
        leave: () => parts.root.focus(),
    });

    let dataset = ""; // unknown until the kernel has spoken
    let loaded = false;
    let showsHeat = false;
    let heatNote = "";
    let shown = ""; // sample on screen
    let noticeTimer = 0;
    let patienceTimer = 0;
    /** @type {any} */
    let layer = null;
    /** @type {any[]} */
    let layerCanvases = [];

    // --- what the hand does ---------------------------------------------------------------

    /** @param {string | null} label */
    function finish(label) {
        if (label !== null && !work.classes.includes(label)) return;
        const seconds = clock.read();
        const op = work.finish(label, seconds);
        if (!op) return;
        if (label !== null) {
            bar.timed(seconds);
            panel.flash(work.classes.indexOf(label));
        }
        post(op);
        if (work.needsMore) send({ type: "hello" });
        refresh();
    }

    function undo() {
        post(work.undo());
        refresh();
    }

    /** @param {string} name */
    function addClass(name) {
        if (work.classes.includes(name)) return notify(`there is a class ${name} already`);
        post(work.addClass(name));
        refresh();
    }

    function toggleHeat() {
        showsHeat = !showsHeat;
        parts.heat.setAttribute("aria-pressed", String(showsHeat));
        heatNote = "";
        askForHeat();
        refresh();
    }

    // --- keys -----------------------------------------------------------------------------

    /** @type {Record<string, () => void>} */
    const keys = {
        s: () => finish(null),
        z: undo,
        h: toggleHeat,
        n: panel.askForClass,
        Escape: () => parts.root.blur(),
    };

    /** @param {KeyboardEvent} event */
    function onKey(event) {
        if (event.target !== parts.root) return; // typing a class name, say
        const held = event.ctrlKey || event.metaKey;
        if (event.altKey || (held && event.key.toLowerCase() !== "z") || event.repeat) return;
        const index = keysOf(work.classes).indexOf(event.key);
        const action = index >= 0 ? () => finish(work.classes[index]) : keys[event.key];
        if (!action) return;
        event.preventDefault();
        event.stopPropagation();
        action();
    }
    parts.root.addEventListener("keydown", onKey);
    // A click on a button must not take the keys away.
    parts.root.addEventListener("mousedown", (event) => {
        if (event.target instanceof HTMLInputElement) return;
        event.preventDefault();
        parts.root.focus({ preventScroll: true });
    });

    // --- to and from the kernel -----------------------------------------------------------

    /** @param {import("./outbox.js").Op} op */
    function post(op) {
        outbox.add(dataset, op);
        send({ type: "op", op });
        expectAnswer();
    }

    function expectAnswer() {
        bar.showSaved(work.unsaved ? "saving" : "saved", work.unsaved);
        clearTimeout(patienceTimer);
        if (work.unsaved) patienceTimer = setTimeout(sayUnanswered, PATIENCE);
    }

    async function sayUnanswered() {
        bar.showSaved("waiting", work.unsaved);
        patienceTimer = setTimeout(sayUnanswered, PATIENCE);
        for (const op of await outbox.all(dataset)) send({ type: "op", op });
    }

    /**
     * @param {any} message
     * @param {DataView[]} buffers
     */
    function onMessage(message, buffers) {
        if (message.type === "image") images.receive(message, buffers);
        else if (message.type === "state") onState(message);
        else if (message.type === "ack") onAck(message);
        else if (message.type === "heat") onHeat(message);
        else if (message.type === "news" && work.hear(message)) onNews(message);
    }

    /** @param {any} state */
    async function onState(state) {
        if (!loaded) {
            loaded = true;
            dataset = state.dataset;
            const kept = await outbox.all(dataset);
            for (const op of kept) {
                work.adopt(op);
                send({ type: "op", op });
            }
            if (kept.length) notify(`${kept.length} kept from before an interruption, being saved`);
        }
        work.load(state);
        expectAnswer();
        refresh();
    }

    /** @param {any} ack */
    function onAck(ack) {
        const { settled, notice } = work.acknowledge(ack);
        if (settled) outbox.remove(ack.id);
        if (notice) notify(notice);
        expectAnswer();
        refresh();
    }

    /** @param {any} news */
    function onNews(news) {
        if (news.news === "queue") send({ type: "hello" });
        refresh();
    }

    // --- pictures and layers --------------------------------------------------------------

    /** @param {string} sample */
    function onPicture(sample) {
        if (sample === work.current?.id) refresh();
    }

    function askForHeat() {
        const item = work.current;
        if (!showsHeat || !item) return;
        if (!item.hints) {
            heatNote = "No hint on this one: it keeps the estimates honest.";
        } else {
            heatNote = "Asking the model"; // the first time, it has to be loaded
            send({ type: "heat", sample: item.id });
        }
    }

    /** @param {any} message */
    function onHeat({ sample, label, error }) {
        if (sample !== work.current?.id) return;
        heatNote = error ?? (label ? `Seen as ${label}; evidence in orange.` : "No model to ask yet: bench.pick() makes one.");
        refresh();
    }

    async function connectLayers() {
        const reference = model.get("layers");
        if (!reference) return;
        layer = await model.widget_manager.get_model(reference.replace("IPY_MODEL_", ""));
        // A MultiCanvas draws its canvases together but does not say so: they do, one by one.
        layerCanvases = layer.get("_canvases") ?? [layer];
        for (const canvas of layerCanvases) canvas.on("new-frame", viewport.redraw);
        refresh();
    }

    /** The layers, where they belong to the image on screen. */
    function visibleLayer() {
        const of = model.get("layer_of");
        const item = work.current;
        if (!layer || !item) return null;
        return of === "" || (of === item.id && showsHeat) ? layer.canvas : null;
    }

    // --- the screen -----------------------------------------------------------------------

    function refresh() {
        const item = work.current;
        if (item && item.id !== shown) {
            clock.restart();
            heatNote = "";
            shown = item.id;
            askForHeat();
        }
        if (!item) shown = heatNote = "";
        for (const next of item ? [item, ...work.upcoming(AHEAD)] : []) images.want(next.id, viewport.side);
        const picture = item ? images.get(item.id) : null;
        // Until the next picture is there the last one must not pose as it.
        viewport.show(picture ?? null, item ? `Image ${item.name}` : "No image");
        viewport.setLayer(visibleLayer());
        parts.overlay.replaceChildren(...overlay(loaded, item, picture, work, bar.secondsEach));
        panel.showClasses(work.classes, work.counts, item?.label ?? null);
        panel.showReason(item?.reason ?? "", heatNote);
        bar.showProgress(work.done, work.left);
        bar.showFile(item ? describe(item, picture) : "");
        for (const button of [parts.skip, parts.heat]) button.toggleAttribute("disabled", !item);
    }

    /** @param {string} text */
    function notify(text) {
        clearTimeout(noticeTimer);
        bar.showNotice(text);
        noticeTimer = setTimeout(() => bar.showNotice(""), NOTICE);
    }

    model.on("msg:custom", onMessage);
    model.on("change:layer_of", refresh);
    refresh();
    connectLayers();
    send({ type: "hello" });
    let asked = 0;
    const asking = setInterval(() => {
        if (loaded || ++asked > ASK_TIMES) return clearInterval(asking);
        send({ type: "hello" });
    }, 2_000);
    // Ready for the keys at once, but not out of the hands of somebody who is typing elsewhere.
    if (!document.activeElement?.closest("input, textarea, [contenteditable=true], .cm-editor"))
        parts.root.focus({ preventScroll: true });

    return () => {
        clearInterval(asking);
        clearTimeout(noticeTimer);
        clearTimeout(patienceTimer);
        model.off("msg:custom", onMessage);
        model.off("change:layer_of", refresh);
        for (const canvas of layerCanvases) canvas.off("new-frame", viewport.redraw);
        clock.stop();
        viewport.destroy();
        images.clear();
    };
}

/**
 * The frame of the widget.
 *
 * @param {HTMLElement} el
 * @param {number} height
 * @param {Record<"undo" | "skip" | "heat", () => void>} on
 */
function layOut(el, height, on) {
    /**
     * @param {"undo" | "skip" | "heat"} name
     * @param {string} title
     * @param {string} key
     */
    function tool(name, title, key) {
        return h(
            "button",
            {
                class: "wb-tool",
                type: "button",
                tabindex: -1,
                title: `${title} (${key})`,
                "aria-label": title,
                "aria-keyshortcuts": key,
                onclick: on[name],
            },
            icon(name),
            h("kbd", {}, key),
        );
    }
    const skip = tool("skip", "Skip this image", "s");
    const heat = tool("heat", "Show what the model looks at", "h");
    heat.setAttribute("aria-pressed", "false");
    const undo = tool("undo", "Undo", "z");
    const overlay = h("div", { class: "wb-overlay" });
    const stage = h("div", { class: "wb-stage" }, overlay);
    const panel = h("div", { class: "wb-panel" });
    const bar = h("div", { class: "wb-bar" });
    const root = h(
        "div",
        {
            class: "wb-label",
            tabindex: 0,
            role: "application",
            "aria-label": "Label images: number keys choose the class, s skips, z undoes, Escape leaves",
            "data-lm-suppress-shortcuts": "true", // JupyterLab's own keys stay out
            style: `height:${height}px`,
        },
        h("div", { class: "wb-tools" }, skip, heat, h("span", { class: "wb-spring" }), undo),
        stage,
        panel,
        bar,
    );
    el.append(root);
    return { root, stage, overlay, panel, bar, skip, heat };
}

/**
 * What stands in the viewport where there is no picture to show.
 *
 * @param {boolean} loaded
 * @param {import("./worklist.js").Item | null} item
 * @param {import("./images.js").Picture | null | undefined} picture
 * @param {{ done: number, left: number }} work
 * @param {number | null} each seconds a label
 * @returns {HTMLElement[]}
 */
function overlay(loaded, item, picture, work, each) {
    if (!loaded) return [h("p", {}, "Waiting for the kernel")];
    if (item && !picture) return [h("p", { class: "wb-late" }, "Loading")];
    if (item && picture?.error)
        return [h("strong", {}, "This image cannot be shown"), h("p", {}, picture.error), h("p", {}, "s skips it")];
    if (item) return [];
    if (!work.done)
        return [h("strong", {}, "Nothing is queued"), h("p", {}, "bench.pick(50) queues the next batch")];
    const pace = each === null ? "" : `, ${each.toFixed(1)} s each`;
    return [
        h("strong", {}, `Batch done: ${work.done} ${work.done === 1 ? "image" : "images"}${pace}`),
        h("p", {}, "Next: bench.evaluate() shows where you are, bench.pick(50) queues the next batch"),
    ];
}

/**
 * @param {import("./worklist.js").Item} item
 * @param {import("./images.js").Picture | null | undefined} picture
 */
function describe(item, picture) {
    return picture?.width ? `${item.name} · ${picture.width} × ${picture.height}` : item.name;
}

export default { render };
