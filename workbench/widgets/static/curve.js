// @ts-check
/**
 * The small learning curve under the classes: the headline figure against labels, with its interval.
 *
 * @typedef {{ labels: number, value: number, low: number, high: number, provisional: boolean }} CurvePoint
 */

import { h } from "./dom.js";

const WIDTH = 208;
const HEIGHT = 44;
const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {HTMLElement} parent
 */
export function createCurve(parent) {
    const value = h("span", { class: "wb-accuracy" });
    const note = h("span", { class: "wb-curve-note" });
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    svg.setAttribute("role", "img");
    const box = h("div", { class: "wb-curve", hidden: "" }, h("h4", {}, "Model"), svg, h("p", {}, value, note));
    parent.append(box);

    return {
        /**
         * @param {CurvePoint[]} points
         * @param {string} working what the model is busy with, if anything
         * @param {string} measure what the figure is: "accuracy", "micro F1"
         */
        show(points, working, measure) {
            const last = points.at(-1);
            // Out-of-fold figures and the blind test's are two measures: no line joins them.
            points = points.filter((point) => point.provisional === last?.provisional);
            box.hidden = !last && !working;
            svg.toggleAttribute("hidden", points.length < 2);
            const named = measure === "accuracy" ? "" : `${measure} `;
            value.textContent = last ? `${named}${percent(last.value)} % ` : "";
            const range = last ? `${percent(last.low)} to ${percent(last.high)}` : "";
            note.textContent = working || (last ? range + (last.provisional ? ", provisional" : ", blind test") : "");
            note.title = last?.provisional
                ? `On labelled images of the pool that the model has not learned from (${measure}); from 30 labelled test images on, the blind test set's`
                : `On the blind test images labelled so far (${measure}), with its 95 % interval`;
            if (points.length > 1) draw(svg, points, measure);
        },
    };
}

/**
 * @param {SVGElement} svg
 * @param {CurvePoint[]} points
 * @param {string} measure
 */
function draw(svg, points, measure) {
    const first = points[0].labels;
    const span = Math.max(1, /** @type {CurvePoint} */ (points.at(-1)).labels - first);
    const floor = Math.min(...points.map((point) => point.low));
    const ceiling = Math.max(...points.map((point) => point.high));
    const x = (/** @type {CurvePoint} */ point) => 2 + ((WIDTH - 4) * (point.labels - first)) / span;
    const y = (/** @type {number} */ share) =>
        HEIGHT - 3 - ((HEIGHT - 6) * (share - floor)) / Math.max(0.02, ceiling - floor);
    const upper = points.map((point) => `${x(point).toFixed(1)},${y(point.high).toFixed(1)}`);
    const lower = points.map((point) => `${x(point).toFixed(1)},${y(point.low).toFixed(1)}`).reverse();
    const line = points.map((point) => `${x(point).toFixed(1)},${y(point.value).toFixed(1)}`);
    svg.replaceChildren(
        shape("polygon", { class: "wb-band", points: [...upper, ...lower].join(" ") }),
        shape("polyline", { class: "wb-line", points: line.join(" ") }),
        shape("circle", { class: "wb-now", r: "2.5", cx: line[line.length - 1].split(",")[0], cy: line[line.length - 1].split(",")[1] }),
    );
    svg.setAttribute(
        "aria-label",
        `${measure} from ${percent(points[0].value)} % at ${first} labels to ` +
            `${percent(points[points.length - 1].value)} % at ${points[points.length - 1].labels}`,
    );
}

/**
 * @param {string} name
 * @param {Record<string, string>} attributes
 */
function shape(name, attributes) {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
}

/** @param {number} share */
function percent(share) {
    return Math.round(100 * share);
}
