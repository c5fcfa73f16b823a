// @ts-check
/**
 * What a magic gesture means so far, over the image.
 *
 * @typedef {import("./magichand.js").Share} Share
 * @typedef {import("./view.js").Point} Point
 */

import { fillRings, HALO, paintDot, traceRings } from "./outlinepaint.js";

const REGION_FILL = 0.4; // of the region, opaque
const CROSS_ARM = 9; // CSS px from the middle of the keys' pointer to its ends

/**
 * @param {CanvasRenderingContext2D} context
 * @param {import("./magichand.js").MagicState} state
 * @param {(share: Share) => Point} onCanvas
 * @param {string} colour
 */
export function paintMagic(context, { rings, line, dots, box, cross, brush }, onCanvas, colour) {
    const ratio = window.devicePixelRatio || 1;
    const shapes = rings.map((ring) => ring.map(onCanvas));
    fillRings(context, shapes, colour, REGION_FILL);
    const [left, top, right, bottom] = box ?? [0, 0, 0, 0];
    const corners = /** @type {Share[]} */ ([[left, top], [right, top], [right, bottom], [left, bottom]]);
    context.lineJoin = "round";
    for (const [style, width] of /** @type {[string, number][]} */ ([[HALO, 4], ["#fff", 1.5]])) {
        context.strokeStyle = style;
        context.lineWidth = width * ratio;
        context.setLineDash(style === HALO ? [] : [5 * ratio, 4 * ratio]);
        traceRings(context, box ? [...shapes, corners.map(onCanvas)] : shapes);
        context.stroke();
        context.setLineDash([]);
        context.beginPath();
        line.map(onCanvas).forEach(({ x, y }, place) => (place ? context.lineTo(x, y) : context.moveTo(x, y)));
        context.stroke();
    }
    for (const { at, beside } of dots) paintDot(context, onCanvas(at), beside ? "#000" : "#fff", 4, beside ? "#fff" : colour);
    if (brush) paintBrush(context, brush, onCanvas, colour, ratio);
    if (cross) paintCross(context, onCanvas(cross), ratio);
}

/**
 * What a brush has covered since it went down, and a ring as wide as it is.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {NonNullable<import("./magichand.js").MagicState["brush"]>} brush
 * @param {(share: Share) => Point} onCanvas
 * @param {string} colour
 * @param {number} ratio device pixels a CSS pixel
 */
function paintBrush(context, { stroke, at, side }, onCanvas, colour, ratio) {
    const [origin, across, down] = /** @type {Share[]} */ ([[0, 0], [1, 0], [0, 1]]).map(onCanvas);
    const width = side * Math.max(across.x - origin.x, down.y - origin.y);
    if (stroke.length) {
        const way = stroke.map(onCanvas);
        context.beginPath();
        for (const { x, y } of [way[0], ...way]) context.lineTo(x, y); // a single point, too, is a line then
        context.strokeStyle = colour;
        context.lineWidth = width;
        context.lineCap = "round";
        context.globalAlpha = REGION_FILL;
        context.stroke();
        context.globalAlpha = 1;
        context.lineCap = "butt";
    }
    if (!at) return;
    const { x, y } = onCanvas(at);
    for (const [style, line] of /** @type {[string, number][]} */ ([[HALO, 4], [colour, 2]])) {
        context.beginPath();
        context.arc(x, y, Math.max(1, width / 2), 0, 2 * Math.PI);
        context.strokeStyle = style;
        context.lineWidth = line * ratio;
        context.stroke();
    }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Point} at
 * @param {number} ratio device pixels a CSS pixel
 */
function paintCross(context, { x, y }, ratio) {
    for (const [style, width] of /** @type {[string, number][]} */ ([[HALO, 4], ["#fff", 2]])) {
        context.beginPath();
        context.moveTo(x - CROSS_ARM * ratio, y);
        context.lineTo(x + CROSS_ARM * ratio, y);
        context.moveTo(x, y - CROSS_ARM * ratio);
        context.lineTo(x, y + CROSS_ARM * ratio);
        context.strokeStyle = style;
        context.lineWidth = width * ratio;
        context.stroke();
    }
}
