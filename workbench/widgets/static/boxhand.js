// @ts-check
/**
 * What a pointer does to boxes: draws on the bare image, moves a box, takes it by an edge, a corner or
 * the turning handle. Until the pointer is lifted nothing is changed: there is a draft.
 *
 * @typedef {import("./boxgeometry.js").PlainBox} PlainBox
 * @typedef {import("./boxgeometry.js").Handle} Handle
 * @typedef {import("./boxgeometry.js").Point} Point
 * @typedef {{ kind: "draw" | "move" | "resize" | "turn", from: Point, box: PlainBox | null,
 *             handle: Handle | null, offset: Point, begun: boolean }} Drag `offset`: from the side that
 *     moves to the pointer, along the box's axes
 */

import { AWAY } from "./boxcanvas.js";
import { between, frameOf, fromOwn, isInside, moved, resized, toOwn, turnedTowards } from "./boxgeometry.js";

const REACH = { mouse: 6, pen: 8, touch: 16 }; // CSS px around a handle or an edge
export const SNAP = 6; // CSS px from the image's edge
export const STILL = 3; // CSS px that a pointer moves in a click, at most
const RESIZING = ["ns-resize", "nesw-resize", "ew-resize", "nwse-resize"]; // every 45 degrees

/**
 * @param {ReturnType<typeof import("./viewport.js").createViewport>} viewport
 * @param {ReturnType<typeof import("./boxmodel.js").createBoxModel>} model
 * @param {{ className: () => string, drawn: (box: PlainBox) => void, changed: (box: PlainBox, next: PlainBox) => void,
 *           selected: (box: PlainBox | null) => void, paint: () => void, pans: () => boolean }} on
 *     `className`: of the next box, empty if there is none to be had; `pans`: whether a drag moves the image
 */
export function createBoxHand(viewport, model, on) {
    /** @type {Drag | null} */
    let drag = null;
    /** @type {PlainBox | null} */
    let draft = null;
    /** @type {PlainBox | null} */
    let hovered = null;
    /** @type {Point | null} in device pixels */
    let at = null;
    let cursor = "";
    let crosshair = true;

    const ratio = () => window.devicePixelRatio || 1;

    /** @param {{ clientX: number, clientY: number }} event */
    function pointOf(event) {
        const { scale, x, y } = viewport.view;
        const point = viewport.pointOf(event);
        return { x: (point.x - x) / scale, y: (point.y - y) / scale };
    }

    /** @param {number} css pixels; those of the image that they are now */
    const inImage = (css) => (css * ratio()) / viewport.view.scale;

    /** @param {PointerEvent | MouseEvent} event */
    function found(event) {
        const type = "pointerType" in event ? event.pointerType : "mouse";
        const reach = inImage(REACH[/** @type {"mouse"} */ (type)] ?? REACH.mouse);
        return model.at(pointOf(event), reach, inImage(AWAY));
    }

    /** @param {PointerEvent} event */
    const snapOf = (event) => ({ free: event.altKey, reach: inImage(SNAP) });

    /**
     * @param {PointerEvent} event
     * @param {Drag} of
     * @returns {PlainBox | null}
     */
    function draftOf(event, { kind, from, box, handle, offset }) {
        const [to, { image }] = [pointOf(event), model];
        if (!box) return { id: "", label: on.className(), ...between(from, to, image, snapOf(event)) };
        if (kind === "move") return moved(box, image, { x: to.x - from.x, y: to.y - from.y }, snapOf(event));
        if (kind === "turn") return turnedTowards(box, image, to, event.altKey);
        const frame = frameOf(box, image);
        const own = toOwn(frame, to);
        const side = fromOwn(frame, { x: own.x - offset.x, y: own.y - offset.y });
        return resized(box, image, /** @type {Handle} */ (handle), side, snapOf(event));
    }

    /**
     * @param {Handle | null} handle
     * @param {number} degrees
     */
    function cursorOf(handle, degrees) {
        if (!handle) return "move";
        if (handle.turn) return "grab";
        const direction = (Math.atan2(handle.sx, -handle.sy) * 180) / Math.PI + degrees;
        return RESIZING[((Math.round(direction / 45) % 4) + 4) % 4];
    }

    /** @param {PointerEvent} event */
    function look(event) {
        const hit = on.pans() ? null : found(event);
        hovered = hit?.box ?? null;
        at = viewport.pointOf(event);
        cursor = on.pans() ? "grab" : hit ? cursorOf(hit.handle, hit.box.angle ?? 0) : "crosshair";
        on.paint();
    }

    function end() {
        drag = draft = null;
        on.paint();
    }

    return {
        get cursor() {
            return cursor;
        },
        /** Whether something is being drawn or changed. */
        get busy() {
            return drag !== null;
        },
        /** @param {boolean} shown */
        set crosshair(shown) {
            crosshair = shown;
        },
        get crosshair() {
            return crosshair;
        },
        /** @param {PlainBox | null} box that the pointer is on elsewhere, in a list */
        set hovered(box) {
            hovered = box;
            on.paint();
        },
        /** @returns {import("./boxcanvas.js").Hand} */
        get state() {
            const aims = crosshair && !on.pans() && (drag ? drag.kind === "draw" : !hovered);
            return { hovered: drag ? null : hovered, draft, cross: aims ? at : null, turning: drag?.kind === "turn" };
        },

        /** @param {PointerEvent} event */
        down(event) {
            if (!viewport.picture || on.pans()) return false;
            const hit = event.shiftKey ? null : found(event);
            const from = pointOf(event);
            if (!hit) {
                drag = { kind: "draw", from, box: null, handle: null, offset: { x: 0, y: 0 }, begun: false };
                return true;
            }
            const { box, handle } = hit;
            const kind = !handle ? "move" : handle.turn ? "turn" : "resize";
            const frame = frameOf(box, model.image);
            const own = toOwn(frame, from);
            const [sx, sy] = [handle?.sx ?? 0, handle?.sy ?? 0];
            const offset = { x: own.x - (sx * frame.width) / 2, y: own.y - (sy * frame.height) / 2 };
            drag = { kind, from, box, handle, offset, begun: false };
            on.selected(box);
            return true;
        },
        /** @param {PointerEvent} event */
        move(event) {
            if (!drag) return;
            const { scale } = viewport.view;
            const now = pointOf(event);
            at = viewport.pointOf(event);
            const way = Math.hypot(now.x - drag.from.x, now.y - drag.from.y) * scale;
            if (!drag.begun && way < STILL * ratio()) return;
            if (!drag.begun && drag.kind === "draw") {
                if (!on.className()) return end();
                on.selected(null);
            }
            drag.begun = true;
            draft = draftOf(event, drag);
            on.paint();
        },
        /** @param {PointerEvent} event */
        up(event) {
            if (!drag) return;
            const { box, begun } = drag;
            const next = begun ? draftOf(event, drag) : null;
            end();
            if (!begun) return box ? undefined : on.selected(null);
            if (!next || !next.width || !next.height || !isInside(next, model.image)) return;
            if (box) on.changed(box, next);
            else on.drawn(next);
            look(event);
        },
        /** @param {PointerEvent | null} event */
        hover(event) {
            if (event) return look(event);
            hovered = at = null;
            on.paint();
        },
        /** @param {MouseEvent} event */
        over: (event) => found(/** @type {PointerEvent} */ (event)) !== null,
        cancel: end,
        letGo: end,
        // What only outlines and points have.
        /** @type {Record<string, () => void>} */
        actions: {},
        close: () => false,
        steer: (/** @type {string} */ _action) => false,
        choose: (/** @type {number} */ _place) => {},
        told: null,
        erase: () => false,
        drop: () => false,
        /** @returns {PlainBox | null} */
        shaped: () => null,
        /** @param {PlainBox} box */
        made: (box) => box,
    };
}
