// @ts-check
/**
 * Boxes over the image, on two canvases under its view: one for all that stand still, painted when
 * they or the view change, and one for what is under the hand, painted as it moves.
 *
 * @typedef {import("./boxgeometry.js").PlainBox} PlainBox
 * @typedef {import("./boxgeometry.js").Point} Point
 * @typedef {{ hovered: PlainBox | null, draft: PlainBox | null, cross: Point | null, turning: boolean }} Hand
 *     `draft`: what the box under the hand is to be; `cross`: where the crosshair is, in device pixels
 */

import { cornersOf } from "./boxgeometry.js";
import { classColour, textOn } from "./palette.js";
import { addCanvas, clear, contextOf } from "./viewport.js";

const HALO = "rgba(0, 0, 0, 0.55)";
const TAGS = 80; // boxes in sight, of more only those under the hand have tags
const HALOS = 600; // boxes in sight, of more none has a halo: it costs as much again
export const AWAY = 22; // CSS px that the turning handle is above its box
const TAG = 16; // CSS px high

/**
 * @param {HTMLElement} stage
 * @param {ReturnType<typeof import("./viewport.js").createViewport>} viewport
 * @param {ReturnType<typeof import("./boxmodel.js").createBoxModel>} model
 * @param {() => string[]} classes
 */
export function createBoxCanvas(stage, viewport, model, classes) {
    const still = addCanvas(stage, "wb-layer wb-boxes");
    const hand = addCanvas(stage, "wb-layer wb-hand");
    for (const canvas of [still, hand]) canvas.setAttribute("aria-hidden", "true");
    const stillContext = contextOf(still);
    const handContext = contextOf(hand);
    /** @type {Map<string, number>} widths of tags, in device pixels */
    const widths = new Map();
    let painted = ""; // what the still canvas shows
    let opacity = 1;

    const ratio = () => window.devicePixelRatio || 1;
    const colourOf = (/** @type {PlainBox} */ box) => classColour(Math.max(0, classes().indexOf(box.label)));

    /**
     * Corners on the canvas; null where nothing of it is in sight.
     *
     * @param {PlainBox} box
     * @returns {Point[] | null}
     */
    function onCanvas(box) {
        const { scale, x, y } = viewport.view;
        const points = cornersOf(box, model.image);
        let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
        for (const point of points) {
            point.x = scale * point.x + x;
            point.y = scale * point.y + y;
            [left, right] = [Math.min(left, point.x), Math.max(right, point.x)];
            [top, bottom] = [Math.min(top, point.y), Math.max(bottom, point.y)];
        }
        return left > still.width || top > still.height || right < 0 || bottom < 0 ? null : points;
    }

    /**
     * @param {CanvasRenderingContext2D} context
     * @param {Point[][]} shapes
     */
    function trace(context, shapes) {
        context.beginPath();
        for (const [first, ...rest] of shapes) {
            context.moveTo(first.x, first.y);
            for (const point of rest) context.lineTo(point.x, point.y);
            context.closePath();
        }
    }

    /**
     * @param {CanvasRenderingContext2D} context
     * @param {Point[][]} shapes
     * @param {string} colour
     * @param {number} width in CSS pixels
     */
    function outline(context, shapes, colour, width) {
        trace(context, shapes);
        context.strokeStyle = colour;
        context.lineWidth = width * ratio();
        context.stroke();
    }

    /**
     * @param {CanvasRenderingContext2D} context
     * @param {string} text
     * @param {Point[]} corners of its box
     * @param {string} colour behind it
     */
    function tag(context, text, corners, colour) {
        const [height, pad] = [TAG * ratio(), 4 * ratio()];
        context.font = `${11 * ratio()}px ui-monospace, monospace`;
        const width = widthOf(context, text) + 2 * pad;
        const highest = corners.reduce((a, b) => (b.y < a.y ? b : a));
        const upright = Math.abs(corners[0].y - corners[1].y) < 1;
        const at = upright ? corners[0] : highest;
        const x = Math.min(Math.max(0, at.x - ratio()), hand.width - width);
        const above = at.y - height - ratio();
        const y = above < 0 ? Math.max(0, at.y + ratio()) : above;
        context.fillStyle = colour;
        context.fillRect(x, y, width, height);
        context.fillStyle = textOn(colour);
        context.textBaseline = "middle";
        context.fillText(text, x + pad, y + height / 2 + ratio() / 2);
    }

    /**
     * @param {CanvasRenderingContext2D} context
     * @param {string} text
     */
    function widthOf(context, text) {
        const key = `${context.font} ${text}`;
        const known = widths.get(key);
        if (known !== undefined) return known;
        const width = context.measureText(text).width;
        if (widths.size < 1_000) widths.set(key, width);
        return width;
    }

    /** @param {PlainBox} box */
    function captionOfBox(box) {
        if (box.confidence === undefined) return box.label;
        const [was, sure] = [model.doubtedBy(box)?.label ?? box.label, box.confidence.toFixed(2).replace(/^0/, "")];
        return was === box.label ? `${was} ${sure}` : `${was} → ${box.label} ${sure}`;
    }

    function paintStill() {
        const { scale, x, y } = viewport.view;
        const chosen = model.selected?.id;
        const state = [scale, x, y, still.width, still.height, model.version, opacity, chosen, classes()].join();
        if (state === painted) return;
        painted = state;
        clear(stillContext);
        if (!viewport.picture || !opacity) return;
        stillContext.globalAlpha = opacity;
        stillContext.lineJoin = "round";
        /** @type {Map<string, Point[][]>} by colour */
        const shapes = new Map();
        /** @type {[PlainBox, Point[]][]} */
        const seen = [];
        for (const box of model.shown) {
            const points = box.id === chosen ? null : onCanvas(box);
            if (!points) continue;
            seen.push([box, points]);
            const colour = colourOf(box);
            if (!shapes.has(colour)) shapes.set(colour, []);
            shapes.get(colour)?.push(points);
        }
        if (seen.length <= HALOS) outline(stillContext, seen.map(([, points]) => points), HALO, 4);
        for (const [colour, each] of shapes) outline(stillContext, each, colour, 2);
        if (seen.length <= TAGS) for (const [box, points] of seen) tagIfRoom(box, points, colourOf(box));
        paintGhosts(chosen);
        stillContext.globalAlpha = 1;
    }

    /** @param {string | undefined} chosen */
    function paintGhosts(chosen) {
        const dash = [5 * ratio(), 4 * ratio()];
        /** @type {[PlainBox, Point[]][]} */
        const seen = [];
        for (const ghost of model.shownGhosts) {
            const points = ghost.id === chosen ? null : onCanvas(ghost);
            if (points) seen.push([ghost, points]);
        }
        outline(stillContext, seen.map(([, points]) => points), HALO, 3.5);
        stillContext.setLineDash(dash);
        for (const [ghost, points] of seen) outline(stillContext, [points], colourOf(ghost), 2);
        stillContext.setLineDash([]);
        if (seen.length <= TAGS) for (const [ghost, points] of seen) tagIfRoom(ghost, points, "#000");
    }

    /**
     * @param {PlainBox} box
     * @param {Point[]} points
     * @param {string} colour
     */
    function tagIfRoom(box, points, colour) {
        stillContext.font = `${11 * ratio()}px ui-monospace, monospace`;
        const text = captionOfBox(box);
        const room = Math.abs(points[1].x - points[0].x) + 12 * ratio();
        if (widthOf(stillContext, text) <= room) tag(stillContext, text, points, colour);
    }

    /** @param {Hand} state */
    function paintHand({ hovered, draft, cross, turning }) {
        clear(handContext);
        if (!viewport.picture) return;
        if (cross) paintCross(cross);
        const chosen = draft ?? model.selected;
        if (hovered && hovered.id !== chosen?.id) paintHovered(hovered);
        const points = chosen && onCanvas(chosen);
        if (!chosen || !points) return;
        const colour = colourOf(chosen);
        const ghost = !draft && model.isGhost(chosen);
        trace(handContext, [points]);
        handContext.globalAlpha = 0.16;
        handContext.fillStyle = colour;
        handContext.fill();
        handContext.globalAlpha = 1;
        outline(handContext, [points], HALO, 4.5);
        if (ghost) handContext.setLineDash([5 * ratio(), 4 * ratio()]);
        outline(handContext, [points], ghost ? "#fff" : colour, 2.5);
        handContext.setLineDash([]);
        paintHandles(points, colour, turning);
        tag(handContext, draft ? sizeOf(draft) : captionOfBox(chosen), points, ghost ? "#000" : colour);
    }

    /** @param {PlainBox} box */
    function paintHovered(box) {
        const points = onCanvas(box);
        if (!points) return;
        const ghost = model.isGhost(box);
        outline(handContext, [points], "rgba(255, 255, 255, 0.9)", 4);
        outline(handContext, [points], colourOf(box), 2);
        tag(handContext, captionOfBox(box), points, ghost ? "#000" : colourOf(box));
    }

    /** @param {PlainBox} box */
    function sizeOf({ width, height, angle }) {
        const pixels = [width * model.image.width, height * model.image.height].map((side) => Math.round(side));
        return pixels.join(" × ") + (angle ? ` ${angle.toFixed(1)}°` : "");
    }

    /**
     * @param {Point[]} corners
     * @param {string} colour
     * @param {boolean} turning
     */
    function paintHandles(corners, colour, turning) {
        const between = corners.map((corner, index) => middleOf(corner, corners[(index + 1) % 4]));
        const [top, , bottom] = between;
        const [size, length] = [7 * ratio(), Math.hypot(top.x - bottom.x, top.y - bottom.y) || 1];
        const away = (AWAY * ratio()) / length;
        const handle = { x: top.x + (top.x - bottom.x) * away, y: top.y + (top.y - bottom.y) * away };
        handContext.strokeStyle = colour;
        handContext.lineWidth = 1.5 * ratio();
        handContext.beginPath();
        handContext.moveTo(top.x, top.y);
        handContext.lineTo(handle.x, handle.y);
        handContext.stroke();
        handContext.beginPath();
        handContext.arc(handle.x, handle.y, size * 0.65, 0, 2 * Math.PI);
        handContext.fillStyle = turning ? colour : "#fff";
        handContext.fill();
        handContext.stroke();
        const small = length < 4 * size || Math.hypot(corners[0].x - corners[1].x, corners[0].y - corners[1].y) < 4 * size;
        handContext.fillStyle = "#fff";
        for (const { x, y } of small ? corners : [...corners, ...between]) {
            handContext.fillRect(x - size / 2, y - size / 2, size, size);
            handContext.strokeRect(x - size / 2, y - size / 2, size, size);
        }
    }

    /** @param {Point} at */
    function paintCross({ x, y }) {
        const line = ratio();
        for (const [colour, shift] of /** @type {[string, number][]} */ ([["rgba(0, 0, 0, 0.5)", line], ["rgba(255, 255, 255, 0.75)", 0]])) {
            handContext.fillStyle = colour;
            handContext.fillRect(0, Math.round(y) + shift, hand.width, line);
            handContext.fillRect(Math.round(x) + shift, 0, line, hand.height);
        }
    }

    return {
        /** @param {number} next of all boxes that are not selected: 0 to 1 */
        set opacity(next) {
            opacity = next;
        },
        /**
         * Paint what has changed.
         *
         * @param {Hand} state
         */
        paint(state) {
            for (const canvas of [still, hand]) {
                if (canvas.width === viewport.canvas.width && canvas.height === viewport.canvas.height) continue;
                [canvas.width, canvas.height] = [viewport.canvas.width, viewport.canvas.height];
                painted = "";
            }
            paintStill();
            paintHand(state);
        },
        destroy() {
            still.remove();
            hand.remove();
        },
    };
}

/**
 * @param {Point} a
 * @param {Point} b
 */
function middleOf(a, b) {
    return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}
