// @ts-check
/**
 * What a pointer and keys do to objects with named points. A click on the bare image sets the next point
 * of the skeleton, with Shift an occluded one; the last one, or `close`, makes the object. Points can be
 * dragged, and by a line of the skeleton the object. Keys have a place of their own, which arrows move.
 *
 * @typedef {import("./boxgeometry.js").PlainBox} PlainBox
 * @typedef {import("./boxgeometry.js").Point} Point
 * @typedef {import("./points.js").Keypoint} Keypoint
 * @typedef {import("./points.js").Keypoints} Keypoints
 * @typedef {{ kind: "place" | "point" | "move", from: Point, box: PlainBox | null, place: number, begun: boolean }} Drag
 */

import { moved, snapped } from "./boxgeometry.js";
import { SNAP, STILL } from "./boxhand.js";
import { MOVES } from "./boxkeys.js";
import { areInImage, otherwiseSeen, placed, pointAt, withPoint, withPoints } from "./points.js";

const CLOSE = { mouse: 8, pen: 10, touch: 18 }; // CSS px around a point or a line
const KEY_STEP = 2; // CSS px that an arrow moves the place of the keys

/**
 * @param {ReturnType<typeof import("./viewport.js").createViewport>} viewport
 * @param {ReturnType<typeof import("./boxmodel.js").createBoxModel>} model
 * @param {{ className: () => string, drawn: (box: PlainBox) => void, changed: (box: PlainBox, next: PlainBox) => void,
 *           selected: (box: PlainBox | null) => void, paint: () => void, pans: () => boolean,
 *           say: (text: string) => void, walk: (by: 1 | -1) => void, skeleton: import("./points.js").Skeleton }} on
 *     `walk`: selects the next object, or the one before
 */
export function createKeypointHand(viewport, model, on) {
    const { labels } = on.skeleton;
    /** @type {Keypoints | null} of the object that is being made, so far */
    let making = null;
    /** @type {Drag | null} */
    let drag = null;
    /** @type {PlainBox | null} */
    let draft = null;
    /** @type {PlainBox | null} */
    let hovered = null;
    /** @type {{ box: PlainBox, place: number } | null} under the pointer */
    let near = null;
    /** @type {{ id: string, place: number } | null} chosen by key or by a click */
    let chosen = null;
    let occluded = false; // whether the next point is
    /** @type {Point | null} pointer, in device pixels */
    let at = null;
    /** @type {Point | null} place of the keys, in the image */
    let steered = null;
    let cursor = "";
    let crosshair = true;

    const ratio = () => window.devicePixelRatio || 1;
    /** @param {number} css pixels; those of the image that they are now */
    const inImage = (css) => (css * ratio()) / viewport.view.scale;

    /** @param {PointerEvent | MouseEvent} event */
    function reachOf(event) {
        const type = "pointerType" in event ? event.pointerType : "mouse";
        return inImage(CLOSE[/** @type {"mouse"} */ (type)] ?? CLOSE.mouse);
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

    /**
     * @param {Point} point
     * @param {boolean} [hidden]
     * @returns {Keypoint}
     */
    const shareOf = ({ x, y }, hidden) => [x / model.image.width, y / model.image.height, hidden ? "occluded" : "visible"];

    /** The point that was chosen, of what is selected now. */
    function held() {
        const box = model.selected;
        return box?.points && chosen?.id === box.id ? { box, points: box.points, place: chosen.place } : null;
    }

    /** Index of the point that is set next. */
    function nextPlace() {
        const now = held();
        return making ? making.length : now && !now.points[now.place] ? now.place : 0;
    }

    /** @param {Keypoints} points so far */
    function objectOf(points) {
        const all = labels.map((_, place) => points[place] ?? null);
        const box = { id: "", label: on.className(), x: 0, y: 0, width: 0, height: 0 };
        return placed(all).length ? withPoints(box, all) : null;
    }

    function end() {
        drag = draft = null;
        on.paint();
    }

    function abandon() {
        making = steered = null;
        occluded = false;
        end();
    }

    function close() {
        if (!making) return false;
        const object = objectOf(making);
        if (!object) on.say("an object needs a point that is there");
        if (making.length === labels.length && !object) making = making.slice(0, -1);
        if (object) {
            abandon();
            on.drawn(object);
        }
        return true;
    }

    /** @param {Keypoint | null} to the next point; null for one that is not there */
    function put(to) {
        const now = making ? null : held();
        occluded = false;
        if (now && to && !now.points[now.place]) return on.changed(now.box, withPoints(now.box, withPoint(now.points, now.place, to)));
        if (!making) {
            if (!on.className()) return;
            on.selected(null);
        }
        making = [...(making ?? []), to];
        if (making.length === labels.length) close();
        on.paint();
    }

    /**
     * @param {PlainBox} box
     * @param {number} place
     * @param {Keypoint | null} to
     */
    function change(box, place, to) {
        const points = withPoint(box.points ?? [], place, to);
        if (placed(points).length) on.changed(box, withPoints(box, points));
        else on.say("an object needs a point that is there: Delete with none chosen takes the object away");
    }

    /** @param {PointerEvent | MouseEvent} event */
    function found(event) {
        const own = model.selected;
        const boxes = own ? [own, ...model.shown.filter(({ id }) => id !== own.id)] : model.shown;
        return pointAt(boxes, on.skeleton, model.image, placeOf(event), reachOf(event));
    }

    /** @param {PointerEvent} event */
    function look(event) {
        at = viewport.pointOf(event);
        steered = null;
        near = making || on.pans() ? null : found(event);
        hovered = near?.box ?? null;
        cursor = on.pans() ? "grab" : !near ? "crosshair" : near.place < 0 ? "move" : "pointer";
        on.paint();
    }

    /**
     * @param {PointerEvent} event
     * @param {Drag} of
     */
    function draftOf(event, { kind, from, box, place }) {
        const to = placeOf(event);
        if (!box?.points) return null;
        const snap = { free: event.altKey, reach: 0 };
        if (kind === "move") return moved(box, model.image, { x: to.x - from.x, y: to.y - from.y }, snap);
        return withPoints(box, withPoint(box.points, place, shareOf(to, box.points[place]?.[2] === "occluded")));
    }

    /** @param {1 | -1} by */
    function walk(by) {
        if (making) return on.say("the object is not whole yet: its next point is asked for");
        const [box, last] = [model.selected, labels.length - 1];
        const place = held()?.place ?? -1;
        const next = place + by;
        if (!box || (by > 0 ? next > last : place < 0)) {
            chosen = null;
            on.walk(by);
            if (by < 0 && model.selected) chosen = { id: model.selected.id, place: last };
        } else chosen = next < 0 ? null : { id: box.id, place: next };
        on.paint();
    }

    function occlude() {
        const now = making ? null : held() ?? (near && near.place >= 0 ? { ...near, points: near.box.points ?? [] } : null);
        const point = now?.points[now.place];
        if (now && point) return change(now.box, now.place, otherwiseSeen(point));
        occluded = !occluded;
        on.paint();
    }

    function absent() {
        const now = making ? null : held();
        if (now?.points[now.place]) change(now.box, now.place, null);
        else if (now) on.say(`${labels[now.place]} is not there already`);
        else put(null);
    }

    /** The place of the keys comes to the middle; where it is, the next point is set. */
    function press() {
        if (!viewport.picture) return;
        if (steered) return put(shareOf(steered, occluded));
        const { view, canvas: area } = viewport;
        const { width, height } = model.image;
        steered = {
            x: Math.min(width, Math.max(0, (area.width / 2 - view.x) / view.scale)),
            y: Math.min(height, Math.max(0, (area.height / 2 - view.y) / view.scale)),
        };
        on.paint();
    }

    /** Where the next point would be, in device pixels. */
    function aim() {
        const { scale, x, y } = viewport.view;
        return steered ? { x: steered.x * scale + x, y: steered.y * scale + y } : at;
    }

    return {
        get cursor() {
            return cursor;
        },
        /** Whether something is being drawn or changed. */
        get busy() {
            return drag !== null || making !== null || steered !== null;
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
        /** What the list of points shows: those of which object, which one is set next, and which is chosen. */
        get told() {
            const [points, now] = [making ?? model.selected?.points ?? null, held()];
            const asks = making || !points || steered || (now && !now.points[now.place]);
            return { points, next: asks ? nextPlace() : -1, held: now?.place ?? -1, occluded };
        },
        /** @returns {import("./boxcanvas.js").Hand} */
        get state() {
            const aims = !on.pans() && !near && drag?.kind !== "point" && drag?.kind !== "move";
            const own = near && near.box.id === model.selected?.id ? near.place : -1;
            const place = near && near.place >= 0 ? near.place : aims ? nextPlace() : -1;
            const point = near?.box.points?.[place];
            const hidden = near ? point?.[2] === "occluded" : occluded;
            const spot = aim();
            return {
                ...{ hovered: drag ? null : hovered, draft: draft ?? (making && objectOf(making)), turning: false },
                cross: aims && (crosshair || steered) ? spot : null,
                held: drag?.place ?? (own >= 0 ? own : (held()?.place ?? -1)),
                named: spot && place >= 0 ? { at: spot, text: labels[place] + (hidden ? ", occluded" : "") } : null,
            };
        },
        /** @type {Record<string, () => void>} */
        actions: { newBox: press, next: () => walk(1), previous: () => walk(-1), occluded: occlude, absent },
        close,
        /** Take back the last point, or take out the chosen one; returns whether there was any. */
        erase() {
            const now = making ? null : held();
            if (making) {
                making = making.length > 1 ? making.slice(0, -1) : null;
                on.paint();
            } else if (now) absent();
            return making !== null || now !== null;
        },
        /** Nothing is chosen any more; returns whether there was. */
        drop() {
            const was = held() !== null;
            chosen = null;
            if (was) on.paint();
            return was;
        },
        /** @param {number} place of a point of the selected object, chosen in a list */
        choose(place) {
            if (making || !model.selected) return;
            chosen = { id: model.selected.id, place };
            on.paint();
        },
        /**
         * Arrows move the place of the keys, while there is one; returns whether there is.
         *
         * @param {string} action
         */
        steer(action) {
            if (!steered || !MOVES[action]) return false;
            const [x, y] = MOVES[action].map((by) => by * Math.max(1, inImage(KEY_STEP)));
            const { width, height } = model.image;
            steered = { x: Math.min(width, Math.max(0, steered.x + x)), y: Math.min(height, Math.max(0, steered.y + y)) };
            on.paint();
            return true;
        },
        /**
         * What an action on a shape makes of an object: where a point is chosen, that alone is moved.
         *
         * @param {string} action
         * @param {PlainBox} box
         * @returns {PlainBox | null} null where it is a matter of all of it
         */
        shaped(action, box) {
            const [now, by] = [held(), MOVES[action]];
            const point = now?.box.id === box.id && by ? box.points?.[now.place] : null;
            if (!now || !point) return null;
            const to = [0, 1].map((axis) => Number(point[axis]) + by[axis] / (axis ? model.image.height : model.image.width));
            const points = withPoint(box.points ?? [], now.place, [to[0], to[1], point[2]]);
            return areInImage(points) ? withPoints(box, points) : box;
        },
        /** @param {PlainBox} box */
        made: (box) => box,

        /** @param {PointerEvent} event */
        down(event) {
            if (!viewport.picture || on.pans()) return false;
            const [from, hit] = [placeOf(event), making ? null : found(event)];
            const point = hit?.box.points?.[hit.place];
            if (hit && point && event.shiftKey) {
                on.selected(hit.box);
                change(hit.box, hit.place, otherwiseSeen(point));
            } else if (hit) {
                drag = { kind: point ? "point" : "move", from, box: hit.box, place: hit.place, begun: false };
                on.selected(hit.box);
                chosen = point ? { id: hit.box.id, place: hit.place } : null;
            } else drag = { kind: "place", from, box: null, place: -1, begun: false };
            on.paint();
            return true;
        },
        /** @param {PointerEvent} event */
        move(event) {
            at = viewport.pointOf(event);
            if (!drag) return;
            const now = placeOf(event);
            if (!drag.begun && Math.hypot(now.x - drag.from.x, now.y - drag.from.y) < inImage(STILL)) return;
            drag.begun = true;
            draft = draftOf(event, drag);
            on.paint();
        },
        /** @param {PointerEvent} event */
        up(event) {
            if (!drag) return;
            const of = drag;
            const next = of.begun ? draftOf(event, of) : null;
            end();
            if (of.kind === "place") put(shareOf(placeOf(event), occluded || event.shiftKey));
            else if (of.box && next && areInImage(next.points ?? [])) on.changed(of.box, next);
            look(event);
        },
        /** @param {PointerEvent | null} event */
        hover(event) {
            if (event) return look(event);
            hovered = at = near = null;
            on.paint();
        },
        /** @param {MouseEvent} event */
        over: (event) => making !== null || found(event) !== null,
        cancel: abandon,
        /** A second finger: points that were set stay. */
        letGo: end,
    };
}
