// @ts-check
/**
 * Boxes, outlines and named points over the image, on two canvases under its view: one for all that stand still, painted when
 * they or the view change, and one for what is under the hand, painted as it moves.
 *
 * @typedef {import("./boxgeometry.js").PlainBox} PlainBox
 * @typedef {import("./boxgeometry.js").Point} Point
 * @typedef {{ hovered: PlainBox | null, draft: PlainBox | null, cross: Point | null, turning: boolean,
 *             path?: Point[], corner?: import("./outline.js").Corner | null, spot?: Point | null,
 *             held?: number, named?: { at: Point, text: string } | null }} Hand
 *     `draft`: what the box under the hand is to be; `cross`: where the crosshair is, in device pixels;
 *     `path`: of an outline that is being drawn, in pixels of the image, to where the pointer is;
 *     `corner`: of the selected outline, under the hand; `spot`: where a new one would be, in the image;
 *     `held`: index of the named point under the hand; `named`: what is said beside it, in device pixels
 * @typedef {{ rings: Point[][], corners: Point[], dots: ((Point & { occluded: boolean }) | null)[] }} Place on
 *     the canvas; `corners`: of the box; `dots`: named points
 */

import { cornersOf } from "./boxgeometry.js";
import { paintMagic } from "./magicpaint.js";
import { inPixels } from "./outline.js";
import { fillRings, HALO, paintCorners, paintDot, paintPath, traceRings } from "./outlinepaint.js";
import { classColour, textOn } from "./palette.js";
import { paintPoints } from "./pointpaint.js";
import { linesOf, pointsInPixels } from "./points.js";
import { addCanvas, clear, contextOf } from "./viewport.js";

const TAGS = 80; // boxes in sight, of more only those under the hand have tags
const HALOS = 600; // boxes in sight, of more none has a halo: it costs as much again
export const AWAY = 22; // CSS px that the turning handle is above its box
const TAG = 16; // CSS px high
const DOT = 7; // CSS px around a named point
const NAME_AWAY = 10; // CSS px from the pointer to the name of a point
const FILL = 0.22; // of an outline, opaque

/**
 * @param {HTMLElement} stage
 * @param {ReturnType<typeof import("./viewport.js").createViewport>} viewport
 * @param {ReturnType<typeof import("./boxmodel.js").createBoxModel>} model
 * @param {() => string[]} classes
 * @param {() => string} className of what is drawn next
 * @param {readonly [number, number][]} edges of the skeleton
 */
export function createBoxCanvas(stage, viewport, model, classes, className, edges) {
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
     * Points of the image, brought to where they are on the canvas.
     *
     * @template {(Point | null)[]} T
     * @param {T} points
     */
    function brought(points) {
        const { scale, x, y } = viewport.view;
        for (const point of points) {
            if (!point) continue;
            point.x = scale * point.x + x;
            point.y = scale * point.y + y;
        }
        return points;
    }

    /**
     * Where a box is on the canvas; null where nothing of it is in sight.
     *
     * @param {PlainBox} box
     * @returns {Place | null}
     */
    function onCanvas(box) {
        const corners = brought(cornersOf(box, model.image));
        let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
        for (const point of corners) {
            [left, right] = [Math.min(left, point.x), Math.max(right, point.x)];
            [top, bottom] = [Math.min(top, point.y), Math.max(bottom, point.y)];
        }
        if (left > still.width || top > still.height || right < 0 || bottom < 0) return null;
        const dots = brought(pointsInPixels(box.points ?? [], model.image));
        if (box.points) return { rings: linesOf(dots, edges), corners: widened(corners, DOT * ratio()), dots };
        return { rings: box.outline ? inPixels(box.outline, model.image).map(brought) : [corners], corners, dots };
    }

    /**
     * @param {CanvasRenderingContext2D} context
     * @param {Point[][]} shapes
     * @param {string} colour
     * @param {number} width in CSS pixels
     */
    function outline(context, shapes, colour, width) {
        traceRings(context, shapes);
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
        stillContext.lineJoin = "round";
        /** @type {Map<string, Point[][]>} by colour */
        const shapes = new Map();
        /** @type {[PlainBox, Place][]} */
        const seen = [];
        for (const box of model.shown) {
            const place = box.id === chosen ? null : onCanvas(box);
            if (!place) continue;
            seen.push([box, place]);
            const colour = colourOf(box);
            if (!shapes.has(colour)) shapes.set(colour, []);
            shapes.get(colour)?.push(...place.rings);
            if (box.outline) fillRings(stillContext, place.rings, colour, FILL * opacity);
        }
        stillContext.globalAlpha = opacity;
        if (seen.length <= HALOS) outline(stillContext, seen.flatMap(([, { rings }]) => rings), HALO, 4);
        for (const [colour, each] of shapes) outline(stillContext, each, colour, 2);
        for (const [box, { dots }] of seen) paintPoints(stillContext, dots, colourOf(box));
        if (seen.length <= TAGS) for (const [box, { corners }] of seen) tagIfRoom(box, corners, colourOf(box));
        paintGhosts(chosen);
        stillContext.globalAlpha = 1;
    }

    /** @param {string | undefined} chosen */
    function paintGhosts(chosen) {
        const dash = [5 * ratio(), 4 * ratio()];
        /** @type {[PlainBox, Place][]} */
        const seen = [];
        for (const ghost of model.shownGhosts) {
            const place = ghost.id === chosen ? null : onCanvas(ghost);
            if (place) seen.push([ghost, place]);
        }
        outline(stillContext, seen.flatMap(([, { rings }]) => rings), HALO, 3.5);
        stillContext.setLineDash(dash);
        for (const [ghost, { rings }] of seen) outline(stillContext, rings, colourOf(ghost), 2);
        stillContext.setLineDash([]);
        for (const [ghost, { dots }] of seen) paintPoints(stillContext, dots, colourOf(ghost));
        if (seen.length <= TAGS) for (const [ghost, { corners }] of seen) tagIfRoom(ghost, corners, "#000");
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

    /**
     * @param {Hand} state
     * @param {import("./magichand.js").MagicState | null} magic
     */
    function paintHand({ hovered, draft, cross, turning, path, corner, spot, held, named }, magic) {
        clear(handContext);
        if (!viewport.picture) return;
        if (cross && !magic) paintCross(cross);
        const chosen = draft ?? model.selected;
        if (hovered && hovered.id !== chosen?.id) paintHovered(hovered);
        const place = chosen && onCanvas(chosen);
        if (chosen && place) {
            const colour = colourOf(chosen);
            const ghost = !draft && model.isGhost(chosen);
            const { rings, corners } = place;
            fillRings(handContext, rings, colour, chosen.outline ? FILL : 0.16);
            outline(handContext, rings, HALO, 4.5);
            if (ghost) handContext.setLineDash([5 * ratio(), 4 * ratio()]);
            outline(handContext, rings, ghost ? "#fff" : colour, 2.5);
            handContext.setLineDash([]);
            if (chosen.outline) paintCorners(handContext, rings, colour, corner ?? null);
            else if (chosen.points) paintPoints(handContext, place.dots, colour, held);
            else paintHandles(corners, colour, turning);
            const said = draft && !draft.points ? sizeOf(draft) : captionOfBox(chosen);
            if (chosen.id || !chosen.points) tag(handContext, said, corners, ghost ? "#000" : colour); // else it hides the next points
        }
        if (spot) paintDot(handContext, brought([{ ...spot }])[0], "#fff", 4);
        const next = classColour(Math.max(0, classes().indexOf(className())));
        if (path?.length) paintPath(handContext, brought(path), next);
        if (named) tag(handContext, named.text, Array(2).fill({ x: named.at.x + NAME_AWAY * ratio(), y: named.at.y }), "#000");
        if (magic) paintMagic(handContext, magic, onCanvasOf, next);
    }

    /** @param {import("./magichand.js").Share} share */
    function onCanvasOf([x, y]) {
        return brought([{ x: x * model.image.width, y: y * model.image.height }])[0];
    }

    /** @param {PlainBox} box */
    function paintHovered(box) {
        const place = onCanvas(box);
        if (!place) return;
        const ghost = model.isGhost(box);
        outline(handContext, place.rings, "rgba(255, 255, 255, 0.9)", 4);
        outline(handContext, place.rings, colourOf(box), 2);
        paintPoints(handContext, place.dots, colourOf(box));
        tag(handContext, captionOfBox(box), place.corners, ghost ? "#000" : colourOf(box));
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
         * @param {import("./magichand.js").MagicState | null} magic null where the hand draws without magic
         */
        paint(state, magic) {
            for (const canvas of [still, hand]) {
                if (canvas.width === viewport.canvas.width && canvas.height === viewport.canvas.height) continue;
                [canvas.width, canvas.height] = [viewport.canvas.width, viewport.canvas.height];
                painted = "";
            }
            paintStill();
            paintHand(state, magic);
        },
        destroy() {
            still.remove();
            hand.remove();
        },
    };
}

/**
 * The corners of an upright box that is larger on all sides.
 *
 * @param {Point[]} corners
 * @param {number} by
 */
function widened([leftTop, , rightBottom], by) {
    const [left, top, right, bottom] = [leftTop.x - by, leftTop.y - by, rightBottom.x + by, rightBottom.y + by];
    return [{ x: left, y: top }, { x: right, y: top }, { x: right, y: bottom }, { x: left, y: bottom }];
}

/**
 * @param {Point} a
 * @param {Point} b
 */
function middleOf(a, b) {
    return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}
