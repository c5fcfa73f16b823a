// @ts-check
/**
 * What a pointer does to outlines. A click on the bare image begins one and each further click adds a
 * point; a drag draws freehand, and one that began the outline closes it where it ends. The first point,
 * the last one again, or `close` makes it whole. Points and sides of the selected outline can be dragged,
 * and so can the object. Until it is whole, or the pointer is lifted, nothing is changed.
 *
 * @typedef {import("./boxgeometry.js").PlainBox} PlainBox
 * @typedef {import("./boxgeometry.js").Point} Point
 * @typedef {import("./outline.js").Corner} Corner
 * @typedef {{ points: Point[], into: PlainBox | null }} Path `into`: the object whose ring it becomes, if any
 * @typedef {{ kind: "draw" | "move" | "corner", from: Point, box: PlainBox | null, corner: Corner | null,
 *             added: boolean, first: boolean, begun: boolean }} Drag `added`: whether the corner is a new
 *     one; `first`: whether the path began with it
 */

import { moved, snapped } from "./boxgeometry.js";
import { SNAP, STILL } from "./boxhand.js";
import { MOVES } from "./boxkeys.js";
import { cornerAt, crossesItself, LEAST_POINTS, borderAt, signedArea, withCorner, withOutline, wound } from "./outline.js";

const NEAR = { mouse: 7, pen: 9, touch: 18 }; // CSS px around a point or a side
const FREEHAND = 5; // CSS px between points of a line that is drawn freehand
const LEAST_AREA = 1; // square pixel of the image

/**
 * @param {ReturnType<typeof import("./viewport.js").createViewport>} viewport
 * @param {ReturnType<typeof import("./boxmodel.js").createBoxModel>} model
 * @param {{ className: () => string, drawn: (box: PlainBox) => void, changed: (box: PlainBox, next: PlainBox) => void,
 *           selected: (box: PlainBox | null) => void, paint: () => void, pans: () => boolean,
 *           say: (text: string) => void }} on
 */
export function createOutlineHand(viewport, model, on) {
    /** @type {Path | null} */
    let path = null;
    /** @type {Drag | null} */
    let drag = null;
    /** @type {PlainBox | null} */
    let draft = null;
    /** @type {PlainBox | null} */
    let hovered = null;
    /** @type {PlainBox | null} that is to have another ring */
    let into = null;
    /** @type {Corner | null} under the pointer */
    let near = null;
    /** @type {{ id: string, corner: Corner } | null} chosen by key */
    let chosen = null;
    /** @type {Point | null} on a side under the pointer, in the image */
    let spot = null;
    /** @type {Point | null} pointer, in device pixels */
    let at = null;
    let cursor = "";
    let crosshair = true;

    const ratio = () => window.devicePixelRatio || 1;
    /** @param {number} css pixels; those of the image that they are now */
    const inImage = (css) => (css * ratio()) / viewport.view.scale;

    /** @param {PointerEvent | MouseEvent} event */
    function reachOf(event) {
        const type = "pointerType" in event ? event.pointerType : "mouse";
        return inImage(NEAR[/** @type {"mouse"} */ (type)] ?? NEAR.mouse);
    }

    /**
     * A place in the image, or on its edge.
     *
     * @param {PointerEvent | MouseEvent} event
     * @returns {Point} in pixels of the image
     */
    function placeOf(event) {
        const { scale, x, y } = viewport.view;
        const point = viewport.pointOf(event);
        const reach = event.altKey ? 0 : inImage(SNAP);
        const { width, height } = model.image;
        return {
            x: width * snapped((point.x - x) / scale, width, { reach }),
            y: height * snapped((point.y - y) / scale, height, { reach }),
        };
    }

    /** @param {Point} point */
    const shareOf = ({ x, y }) => /** @type {[number, number]} */ ([x / model.image.width, y / model.image.height]);

    /**
     * @param {Point} a
     * @param {Point} b
     */
    const between = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);

    /** The outline whose points can be taken. */
    const own = () => (model.selected?.outline ? model.selected : null);

    function end() {
        drag = draft = null;
        on.paint();
    }

    function abandon() {
        path = into = null;
        end();
    }

    function close() {
        if (!path) return false;
        const { points, into: object } = path;
        const ring = points.filter((point, place) => !place || between(point, points[place - 1]) > 0).map(shareOf);
        const holds = Math.abs(signedArea(ring)) * model.image.width * model.image.height;
        if (ring.length < LEAST_POINTS || (holds < LEAST_AREA && !crossesItself(ring))) {
            on.say("an outline needs three points, not in one line");
            return true;
        }
        abandon();
        if (crossesItself(ring)) on.say("the outline crosses itself: what lies in two loops is outside");
        const outline = object?.outline;
        if (object && outline) {
            const [x, y] = ring[0];
            const inside = model.at({ x: x * model.image.width, y: y * model.image.height }, 0, 0)?.box.id === object.id;
            on.changed(object, withOutline(object, [...outline, wound(ring, !inside)]));
        } else on.drawn(withOutline({ id: "", label: on.className(), x: 0, y: 0, width: 0, height: 0 }, [wound(ring, true)]));
        return true;
    }

    /**
     * @param {PlainBox} box
     * @param {Corner} corner
     */
    function takeOut(box, corner) {
        const outline = withCorner(box.outline ?? [], corner, null);
        if (outline.length) on.changed(box, withOutline(box, outline));
        else on.say("an outline needs three points: Delete with none chosen takes the object away");
    }

    /** @param {PointerEvent} event */
    function look(event) {
        const point = placeOf(event);
        at = viewport.pointOf(event);
        const box = path || into || on.pans() ? null : own();
        const reach = reachOf(event);
        near = box?.outline ? cornerAt(box.outline, model.image, point, reach) : null;
        spot = (box?.outline && !near && borderAt(box.outline, model.image, point, reach)?.at) || null;
        const free = path || into || on.pans() || event.shiftKey;
        hovered = free || near || spot ? null : (model.at(point, 0, 0)?.box ?? null);
        cursor = on.pans() ? "grab" : near || spot ? "pointer" : hovered ? "move" : "crosshair";
        on.paint();
    }

    /** @param {PointerEvent} event */
    function add(event) {
        const point = placeOf(event);
        const { points } = /** @type {Path} */ (path);
        const [first, last] = [points[0], points[points.length - 1]];
        const reach = reachOf(event);
        const whole = points.length >= LEAST_POINTS && between(point, first) <= reach;
        if (whole || (points.length > 1 && between(point, last) <= inImage(STILL))) return void close();
        points.push(point);
        drag = { kind: "draw", from: point, box: null, corner: null, added: false, first: false, begun: false };
    }

    /** @param {PointerEvent} event */
    function take(event) {
        const [point, box, reach] = [placeOf(event), own(), reachOf(event)];
        const bare = { from: point, added: false, first: false, begun: false };
        if (box?.outline && !into && !event.shiftKey) {
            const corner = cornerAt(box.outline, model.image, point, reach);
            if (corner && event.altKey) return takeOut(box, corner);
            if (corner) return void (drag = { ...bare, kind: "corner", box, corner });
            const side = borderAt(box.outline, model.image, point, reach);
            if (side) return void (drag = { ...bare, kind: "corner", box, corner: side.corner, added: true });
        }
        const hit = event.shiftKey || into ? null : model.at(point, 0, 0);
        if (hit) {
            drag = { ...bare, kind: "move", box: hit.box, corner: null };
            return on.selected(hit.box);
        }
        if (!on.className()) return;
        path = { points: [point], into };
        if (!into) on.selected(null);
        drag = { ...bare, kind: "draw", box: null, corner: null, first: true };
    }

    /**
     * @param {PointerEvent} event
     * @param {Drag} of
     * @returns {PlainBox | null}
     */
    function draftOf(event, { kind, from, box, corner, added }) {
        const to = placeOf(event);
        if (!box) return null;
        const snap = { free: event.altKey, reach: inImage(SNAP) };
        if (kind === "move") return moved(box, model.image, { x: to.x - from.x, y: to.y - from.y }, snap);
        return corner && withOutline(box, withCorner(box.outline ?? [], corner, shareOf(to), added));
    }

    /**
     * Walk along the points of the selected outline.
     *
     * @param {1 | -1} by
     */
    function walk(by) {
        const box = own();
        if (!box?.outline) return;
        const all = box.outline.flatMap((ring, number) => ring.map((_, place) => ({ ring: number, place })));
        const was = chosen?.id === box.id ? chosen.corner : null;
        const place = was ? all.findIndex((each) => each.ring === was.ring && each.place === was.place) : -1;
        const next = place < 0 ? (by > 0 ? 0 : all.length - 1) : (place + by + all.length) % all.length;
        chosen = { id: box.id, corner: all[next] };
        on.paint();
    }

    /** The point that was chosen by key, of what is selected now. */
    function held() {
        const box = own();
        const corner = box && chosen?.id === box.id ? chosen.corner : null;
        return box && corner && box.outline?.[corner.ring]?.[corner.place] ? { box, corner, outline: box.outline } : null;
    }

    /** A new point in the middle of the side after the chosen one. */
    function split() {
        const now = held();
        if (!now) return on.say("choose a point first");
        const { box, corner, outline } = now;
        const ring = outline[corner.ring];
        const [[x, y], [toX, toY]] = [ring[corner.place], ring[(corner.place + 1) % ring.length]];
        const after = { ring: corner.ring, place: corner.place + 1 };
        chosen = { id: box.id, corner: after };
        on.changed(box, withOutline(box, withCorner(outline, after, [(x + toX) / 2, (y + toY) / 2], true)));
    }

    function ring() {
        into = own();
        on.say(into ? "draw a hole in it, or another part of it" : "select the object first");
        on.paint();
    }

    return {
        get cursor() {
            return cursor;
        },
        /** Whether something is being drawn or changed. */
        get busy() {
            return drag !== null || path !== null || into !== null;
        },
        get crosshair() {
            return crosshair;
        },
        /** @param {boolean} shown */
        set crosshair(shown) {
            crosshair = shown;
        },
        /** @param {PlainBox | null} box that the pointer is on elsewhere, in a list */
        set hovered(box) {
            hovered = box;
            on.paint();
        },
        /** @returns {import("./boxcanvas.js").Hand} */
        get state() {
            const { scale, x, y } = viewport.view;
            const here = at && { x: (at.x - x) / scale, y: (at.y - y) / scale };
            const aims = crosshair && !on.pans() && !drag && !hovered && !near && !spot;
            return {
                ...{ hovered: drag ? null : hovered, draft, cross: aims ? at : null, turning: false },
                path: path ? [...path.points, ...(here ? [here] : [])].map((point) => ({ ...point })) : [],
                corner: drag?.corner ?? near ?? held()?.corner ?? null,
                spot: drag ? null : spot,
            };
        },
        /** @type {Record<string, () => void>} */
        actions: { hole: ring, nextCorner: () => walk(1), previousCorner: () => walk(-1), newCorner: split },
        close,
        // What only points have.
        steer: (/** @type {string} */ _action) => false,
        choose: (/** @type {number} */ _place) => {},
        told: null,
        /** Take out the last point, or the chosen one; returns whether there was any. */
        erase() {
            const now = path ? null : held();
            if (path?.points.pop()) {
                if (!path.points.length) path = null;
                on.paint();
            } else if (now) takeOut(now.box, now.corner);
            return path !== null || now !== null;
        },
        /** Nothing is chosen by key any more; returns whether there was. */
        drop() {
            const was = held() !== null;
            chosen = null;
            if (was) on.paint();
            return was;
        },
        /**
         * What an action on a shape makes of an object: where a point is chosen, that alone is moved.
         *
         * @param {string} action
         * @param {PlainBox} box
         * @returns {PlainBox | null} null where it is a matter of all of it
         */
        shaped(action, box) {
            const now = held();
            const by = MOVES[action];
            const point = now?.box.id === box.id && box.outline?.[now.corner.ring][now.corner.place];
            if (!now || !by || !point) return null;
            const { width, height } = model.image;
            const to = /** @type {[number, number]} */ ([
                Math.min(1, Math.max(0, point[0] + by[0] / width)),
                Math.min(1, Math.max(0, point[1] + by[1] / height)),
            ]);
            return withOutline(box, withCorner(box.outline ?? [], now.corner, to));
        },
        /**
         * An object that a key makes, from the box that it is to fill.
         *
         * @param {PlainBox} box
         */
        made({ x, y, width, height, ...box }) {
            const [right, bottom] = [x + width, y + height];
            return withOutline({ ...box, x, y, width, height }, [[[x, y], [right, y], [right, bottom], [x, bottom]]]);
        },

        /** @param {PointerEvent} event */
        down(event) {
            if (!viewport.picture || on.pans()) return false;
            if (path) add(event);
            else take(event);
            on.paint();
            return true;
        },
        /** @param {PointerEvent} event */
        move(event) {
            at = viewport.pointOf(event);
            if (!drag) return;
            const now = placeOf(event);
            if (!drag.begun && between(now, drag.from) < inImage(STILL)) return;
            drag.begun = true;
            if (drag.kind === "draw" && path) {
                const last = path.points[path.points.length - 1];
                if (between(now, last) >= inImage(FREEHAND)) path.points.push(now);
            } else draft = draftOf(event, drag);
            on.paint();
        },
        /** @param {PointerEvent} event */
        up(event) {
            if (!drag) return;
            const of = drag;
            const next = of.begun && of.kind !== "draw" ? draftOf(event, of) : null;
            end();
            if (of.box && next) on.changed(of.box, next);
            if (of.kind !== "draw" || !path || !of.begun) return look(event);
            const back = between(placeOf(event), path.points[0]) <= 2 * reachOf(event);
            if (path.points.length >= LEAST_POINTS && (of.first || back)) close();
            look(event);
        },
        /** @param {PointerEvent | null} event */
        hover(event) {
            if (event) return look(event);
            hovered = at = near = spot = null;
            on.paint();
        },
        /** @param {MouseEvent} event */
        over: (event) => path !== null || model.at(placeOf(event), 0, 0) !== null,
        cancel: abandon,
        /** A second finger: points that were set stay. */
        letGo() {
            if (drag?.first) path = null;
            end();
        },
    };
}
