// @ts-check
/**
 * A training run: losses and the held-out figure over the minutes, what it is at, time left, stop.
 *
 * @typedef {{ seconds: number, loss: number | null, log_loss: number, figure: number }} Look
 * @typedef {{ title: string, status: string, said: string, ended: boolean, verdict: string,
 *             measure: string, minutes: number, seconds: number, left: number, device: string,
 *             before: number | null, looks: Look[], best: number | null,
 *             stopping: boolean }} RunState
 *     `best`: place of the look whose weights are kept
 */

import { h } from "./dom.js";

const SVG_SPACE = "http://www.w3.org/2000/svg";
const WIDE = 360;
const HIGH = 150;
const EDGE = { left: 52, right: 10, top: 8, bottom: 20 };

/** @typedef {{ points: [number, number][], class: string, dots?: boolean }} Series */

/** @param {{ model: any, el: HTMLElement }} context */
function render({ model, el }) {
    const title = h("span", { class: "wb-run-title" });
    const device = h("span", { class: "wb-run-device" });
    const stop = /** @type {HTMLButtonElement} */ (
        h("button", { class: "wb-run-stop", type: "button", onclick: () => model.send({ type: "stop" }) }, "Stop, keep the best")
    );
    const bar = h("div", { class: "wb-run-bar", role: "progressbar", "aria-valuemin": 0, "aria-valuemax": 100 }, h("i"));
    const said = h("p", { class: "wb-run-said", role: "status" });
    const charts = h("div", { class: "wb-run-charts" });
    const root = h("div", { class: "wb-run" }, h("header", {}, title, device, stop), bar, said, charts);
    el.append(root);

    function show() {
        /** @type {RunState} */
        const state = model.get("state");
        root.dataset.status = state.status;
        title.textContent = state.title;
        device.textContent = state.device;
        stop.hidden = state.ended;
        stop.disabled = state.stopping;
        stop.textContent = state.stopping ? "Stopping" : "Stop, keep the best";
        const share = state.ended ? 100 : Math.min(100, (100 * state.seconds) / (60 * state.minutes));
        bar.hidden = state.ended;
        bar.setAttribute("aria-valuenow", share.toFixed(0));
        /** @type {HTMLElement} */ (bar.firstElementChild).style.width = `${share}%`;
        const left = !state.ended && state.seconds ? `${duration(state.left)} left at most · ` : "";
        said.textContent = state.ended ? state.verdict : `${left}${state.said || state.status}`;
        charts.hidden = !state.looks.length;
        charts.replaceChildren(...(state.looks.length ? [losses(state), figures(state)] : []));
    }

    model.on("change:state", show);
    show();
    return () => model.off("change:state", show);
}

/** @param {RunState} state */
function losses(state) {
    const trained = state.looks.filter((look) => look.loss !== null);
    return chart(
        state,
        "Loss",
        [
            { points: trained.map((look) => [look.seconds, Number(look.loss)]), class: "wb-run-train" },
            { points: state.looks.map((look) => [look.seconds, look.log_loss]), class: "wb-run-held" },
        ],
        nats,
        [["trained on", "wb-run-train"], ["held out", "wb-run-held"]],
    );
}

/** @param {RunState} state */
function figures(state) {
    /** @type {Series[]} */
    const series = [{ points: state.looks.map((look) => [look.seconds, look.figure]), class: "wb-run-train", dots: true }];
    /** @type {[string, string][]} */
    const key = [["this run", "wb-run-train"]];
    if (state.before !== null) {
        series.push({ points: [[0, state.before], [span(state), state.before]], class: "wb-run-before" });
        key.push([`before ${percent(state.before)}`, "wb-run-before"]);
    }
    const best = state.best === null ? undefined : state.looks[state.best];
    if (best) {
        series.push({ points: [[best.seconds, best.figure]], class: "wb-run-best", dots: true });
        key.push([`kept ${percent(best.figure)}`, "wb-run-best"]);
    }
    return chart(state, `Held-out ${state.measure}`, series, percent, key);
}

/**
 * @param {RunState} state
 * @param {string} name
 * @param {Series[]} series
 * @param {(value: number) => string} write
 * @param {[string, string][]} key
 */
function chart(state, name, series, write, key) {
    const values = series.flatMap(({ points }) => points.map(([, value]) => value));
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const room = Math.max(high - low, 0.02 * Math.abs(high), 1e-6) * 0.06;
    const [floor, ceiling] = [low - room, high + room];
    const x = (/** @type {number} */ seconds) =>
        EDGE.left + ((WIDE - EDGE.left - EDGE.right) * seconds) / span(state);
    const y = (/** @type {number} */ value) =>
        HIGH - EDGE.bottom - ((HIGH - EDGE.bottom - EDGE.top) * (value - floor)) / (ceiling - floor);
    const picture = svg("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": describe(name, series, write) });
    for (const value of [low, high])
        picture.append(
            svg("line", { class: "wb-run-grid", x1: EDGE.left, x2: WIDE - EDGE.right, y1: y(value), y2: y(value) }),
            svg("text", { x: EDGE.left - 6, y: y(value) + 3.5, "text-anchor": "end" }, write(value)),
        );
    picture.append(
        svg("text", { x: EDGE.left, y: HIGH - 5 }, "0"),
        svg("text", { x: WIDE - EDGE.right, y: HIGH - 5, "text-anchor": "end" }, duration(span(state))),
    );
    for (const each of series) {
        const places = each.points.map(([seconds, value]) => `${x(seconds).toFixed(1)},${y(value).toFixed(1)}`);
        picture.append(svg("polyline", { class: each.class, points: places.join(" ") }));
        if (each.dots || each.points.length === 1)
            for (const place of places) {
                const [cx, cy] = place.split(",");
                picture.append(svg("circle", { class: each.class, cx, cy, r: each.class === "wb-run-best" ? 4 : 2 }));
            }
    }
    const legend = key.map(([label, style]) => h("span", { class: `wb-run-key ${style}` }, label));
    return h("figure", {}, h("figcaption", {}, h("b", {}, name), ...legend), /** @type {any} */ (picture));
}

/**
 * @param {string} name
 * @param {Series[]} series
 * @param {(value: number) => string} write
 */
function describe(name, [{ points }], write) {
    if (!points.length) return name;
    const [first, last] = [points[0], points[points.length - 1]];
    return `${name} from ${write(first[1])} to ${write(last[1])}, after ${duration(last[0])}`;
}

/** @param {RunState} state */
function span(state) {
    const last = state.looks.length ? state.looks[state.looks.length - 1].seconds : 0;
    return Math.max(1, state.ended ? last : Math.max(last, 60 * state.minutes));
}

/** @param {number} share */
function percent(share) {
    return `${(100 * share).toFixed(1)} %`;
}

/** @param {number} loss */
function nats(loss) {
    return loss < 10 ? loss.toFixed(2) : loss.toFixed(0);
}

/** @param {number} seconds */
function duration(seconds) {
    if (seconds < 60) return `${Math.round(seconds)} s`;
    const [minutes, rest] = [Math.floor(seconds / 60), Math.round(seconds % 60)];
    return `${minutes} min${rest && minutes < 10 ? ` ${rest} s` : ""}`;
}

/**
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 * @param {string} [text]
 */
function svg(tag, attributes, text) {
    const element = document.createElementNS(SVG_SPACE, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
    if (text) element.textContent = text;
    return element;
}

export default { render };
