// @ts-check
/**
 * What a pointer does to a mask: a drag paints with the brush, rubs out with the eraser, or encloses what is
 * painted; a click fills or takes what is suggested. With Alt the brush rubs out.
 *
 * @typedef {import("./view.js").Box} Box
 * @typedef {import("./view.js").Point} Point
 * @typedef {import("./raster.js").Raster} Raster
 * @typedef {"brush" | "eraser" | "lasso" | "fill"} Kind
 */

import { bothBoxes } from "./raster.js";
import { brushStroke, fillAlike, fillLines } from "./strokes.js";

export const BRUSHES = Object.freeze([1, 2, 3, 5, 8, 12, 18, 27, 40, 60, 90, 135, 200, 300]); // px across, of the image
const BEGIN = 6; // place in BRUSHES
const LINE_ROOM = 2; // CSS px between points of a line

/**
 * @param {ReturnType<typeof import("./viewport.js").createViewport>} viewport
 * @param {{ raster: () => Raster | null, className: () => string, painted: (box: Box) => void, paint: () => void,
 *           pans: () => boolean }} on `painted`: a stroke has ended that changed no more than a rectangle
 */
export function createMaskHand(viewport, on) {
    /** @type {Kind} */
    let kind = "brush";
    let size = BEGIN;
    let careful = false; // leaves what other classes have
    /** @type {Point | null} of the brush, in pixels of the image */
    let at = null;
    /** @type {Point | null} where the drag was */
    let last = null;
    /** @type {Point[]} */
    let line = [];
    /** @type {Box | null} of the drag */
    let passed = null;
    let rubbing = false;
    let byKeys = false; // the brush is moved by keys

    const radius = () => BRUSHES[size] / 2;

    /** @param {PointerEvent | MouseEvent} event */
    function placeOf(event) {
        const { scale, x, y } = viewport.view;
        const point = viewport.pointOf(event);
        return { x: (point.x - x) / scale, y: (point.y - y) / scale };
    }

    /**
     * @param {Raster} raster
     * @returns {(at: number) => boolean}
     */
    function mayPaint({ values }) {
        return careful && !rubbing ? (place) => values[place] === 0 : () => true;
    }

    /** @param {Raster} raster */
    const valueNow = (raster) => (rubbing ? 0 : raster.valueOf(on.className()));

    /** @param {Box | null} box */
    function pass(box) {
        if (box) passed = passed ? bothBoxes(passed, box) : box;
    }

    /**
     * @param {Raster} raster
     * @param {Point} from
     * @param {Point} to
     */
    function brush(raster, from, to) {
        pass(brushStroke(raster, from, to, radius(), mayPaint(raster), valueNow(raster)));
    }

    function end() {
        const box = passed;
        last = passed = null;
        line = [];
        rubbing = false;
        if (box) on.painted(box);
        on.paint();
    }

    /**
     * @param {Raster} raster
     * @param {Point} place
     */
    function fill(raster, place) {
        const [column, row] = [Math.floor(place.x), Math.floor(place.y)];
        if (column < 0 || row < 0 || column >= raster.width || row >= raster.height) return;
        pass(fillAlike(raster, raster.values.slice(), row * raster.width + column, mayPaint(raster), valueNow(raster)));
    }

    const hand = {
        get kind() {
            return kind;
        },
        set kind(next) {
            kind = next;
            on.paint();
        },
        get careful() {
            return careful;
        },
        set careful(next) {
            careful = next;
        },
        /** Across, in pixels of the image. */
        get size() {
            return BRUSHES[size];
        },
        /** @param {number} by */
        resize(by) {
            size = Math.min(BRUSHES.length - 1, Math.max(0, size + by));
            on.paint();
        },
        get busy() {
            return last !== null;
        },
        get place() {
            return at;
        },
        get cursor() {
            return kind === "brush" || kind === "eraser" ? "none" : "crosshair";
        },
        /** @returns {import("./maskcanvas.js").MaskHand} */
        get state() {
            const round = kind === "brush" || kind === "eraser" || byKeys;
            return { at: round ? at : null, radius: radius(), erasing: kind === "eraser" || rubbing, line };
        },

        /** @param {PointerEvent} event */
        down(event) {
            const raster = on.raster();
            if (on.pans() || !raster) return false;
            if (kind !== "eraser" && !event.altKey && !on.className()) return true; // a class is asked for
            byKeys = false;
            rubbing = kind === "eraser" || event.altKey;
            at = last = placeOf(event);
            if (kind === "lasso") line = [last];
            else if (kind === "fill") fill(raster, last);
            else brush(raster, last, last);
            on.paint();
            return true;
        },
        /** @param {PointerEvent} event */
        move(event) {
            const raster = on.raster();
            if (!last || !raster) return;
            for (const each of event.getCoalescedEvents?.() ?? [event]) {
                at = placeOf(each);
                const far = Math.hypot(at.x - last.x, at.y - last.y) * viewport.view.scale;
                if (kind === "lasso" && far < LINE_ROOM) continue;
                if (kind === "lasso") line.push(at);
                else if (kind !== "fill") brush(raster, last, at);
                last = at;
            }
            on.paint();
        },
        /** @param {PointerEvent} _ */
        up(_) {
            const raster = on.raster();
            if (last && raster && kind === "lasso" && line.length > 2) {
                pass(fillLines(raster, [line], mayPaint(raster), valueNow(raster)));
            }
            end();
        },
        /** @param {PointerEvent | null} event */
        hover(event) {
            if (byKeys && !event) return;
            byKeys = false;
            at = event && placeOf(event);
            on.paint();
        },
        /**
         * Paint a region.
         *
         * @param {Point[][]} rings in pixels of the image
         * @param {boolean} away whether it is rubbed out
         */
        area(rings, away) {
            const raster = on.raster();
            if (!raster) return;
            rubbing = away;
            pass(fillLines(raster, rings, mayPaint(raster), valueNow(raster)));
            end();
        },
        /** The stroke under way is nothing. */
        cancel() {
            const raster = on.raster();
            if (raster && passed) raster.revert(passed);
            last = passed = null;
            line = [];
            rubbing = false;
            on.paint();
        },

        /**
         * Move the brush by a key, painting on the way.
         *
         * @param {number} across brushes to the right
         * @param {number} down
         * @param {boolean} paints
         */
        step(across, down, paints) {
            const raster = on.raster();
            if (!byKeys || !at || !raster) return false;
            const by = Math.max(1, radius());
            const to = {
                x: Math.min(raster.width, Math.max(0, at.x + across * by)),
                y: Math.min(raster.height, Math.max(0, at.y + down * by)),
            };
            if (paints) {
                rubbing = kind === "eraser";
                brush(raster, at, to);
            }
            at = to;
            if (paints) end();
            on.paint();
            return true;
        },
        /** Take the brush to the middle of what is to be seen, or paint where it is. */
        press() {
            const raster = on.raster();
            if (!raster) return;
            if (byKeys && at) {
                rubbing = kind === "eraser";
                if (kind === "fill") fill(raster, at);
                else brush(raster, at, at);
                end();
                return;
            }
            const { view, canvas } = viewport;
            byKeys = true;
            at = { x: (canvas.width / 2 - view.x) / view.scale, y: (canvas.height / 2 - view.y) / view.scale };
            on.paint();
        },
        /** The brush leaves the keys. */
        drop() {
            if (!byKeys) return false;
            byKeys = false;
            at = null;
            on.paint();
            return true;
        },
    };
    return hand;
}
