// @ts-check
/**
 * What a hand does with the magic tools: a gesture goes to the kernel, and the region that it means comes back as an
 * outline. While it goes on, one answer is waited for at a time, and of what is asked meanwhile the last one counts; once it
 * has ended, its region is taken whenever the answer comes, be it during the next gesture.
 *
 * - "region": a click takes what is of its colour; a drag to the right takes more, to the left less
 * - "boxed": a drag around an object
 * - "scissors": clicks around an object, the way between them follows its edges; closed by the first one, or Enter
 * - "patches": a drag over the patches that are meant
 * - "brush": a drag, or by keys from one press to the next; what it covers is shown at once and asked for at its end
 * - "anything": clicks on an object (with Alt: beside it), or a box around it; taken by Enter
 * - a tool of the user's own: a click or a drag
 *
 * With Alt when it begins, what a gesture means is taken away; with Shift, it is added to what is selected.
 *
 * @typedef {import("./view.js").Point} Point
 * @typedef {[number, number]} Share of the image's width and height
 * @typedef {{ tool: string } & Record<string, any>} Gesture
 * @typedef {{ outline?: Share[][], line?: Share[], threshold?: number, error?: string }} Told the kernel's answer
 * @typedef {"new" | "add" | "away"} Meaning
 * @typedef {{ rings: Share[][], line: Share[], dots: { at: Share, beside: boolean }[], box: number[] | null,
 *             cross: Share | null, brush: { stroke: Share[], at: Share | null, side: number } | null }} MagicState `line`:
 *     along edges; `dots`: that were clicked; `cross`: the pointer, where keys move it; `brush`: its way, where it is,
 *     and its diameter, a share of the longer side
 */

import { createMagicSizes } from "./magicsizes.js";

const CLICK = 4; // CSS px that a click may move
const BRUSH_STEP = 2; // CSS px between points of a brush's way
const AT_POINT = 9; // CSS px around a point that was clicked
const DOUBLING = 60; // CSS px of a drag by which the threshold of a region doubles
const ARROW = 12; // CSS px that an arrow moves the pointer by
const FINE_ARROW = 2; // with Shift

/**
 * @param {ReturnType<typeof import("./viewport.js").createViewport>} viewport
 * @param {{ image: () => { width: number, height: number } | null, exact: boolean, ready: () => boolean,
 *           ask: (gesture: Gesture) => Promise<Told>, found: (rings: Share[][], meaning: Meaning) => void,
 *           say: (text: string) => void, paint: () => void, pans: () => boolean }} on `image`: its size, null where there is
 *     none; `exact`: whether outlines run along the borders of pixels; `ready`: whether there is a class for what is found
 */
export function createMagicHand(viewport, on) {
    let kind = "";
    const sizes = createMagicSizes();
    let turn = 0; // another one with each gesture
    /** @type {Promise<Told> | null} what the kernel is at */
    let asked = null;
    /** @type {Gesture | null} what it is asked next */
    let waiting = null;
    let whole = false; // the gesture has ended: its region is taken as soon as it is there
    let answered = true; // what is known is of the gesture as it is
    /** @type {Meaning} */
    let meaning = "new";
    /** @type {Share[][]} */
    let rings = [];
    /** @type {Share[]} */
    let line = []; // along edges, through the points to the pointer
    /** @type {Share[]} */
    let points = [];
    /** @type {number[]} */
    let labels = []; // of points: 1 on the object, 0 beside it
    /** @type {number[] | null} */
    let box = null;
    let threshold = 0; // of the region as it was suggested
    /** @type {{ at: Point, place: Share, alt: boolean } | null} where the drag began */
    let from = null;
    /** @type {Point | null} of the pointer that keys move, in the image */
    let cross = null;
    /** @type {Share | null} where the pointer is, over the image */
    let over = null;

    const ratio = () => window.devicePixelRatio || 1;

    /** @param {PointerEvent | MouseEvent} event */
    function placeOf(event) {
        const { scale, x, y } = viewport.view;
        const point = viewport.pointOf(event);
        return { x: (point.x - x) / scale, y: (point.y - y) / scale };
    }

    /**
     * @param {Point} point in pixels of the image
     * @returns {Share}
     */
    function shareOf({ x, y }) {
        const { width, height } = on.image() ?? { width: 1, height: 1 };
        return [Math.min(1, Math.max(0, x / width)), Math.min(1, Math.max(0, y / height))];
    }

    /**
     * How far apart two places are on the screen, in CSS pixels.
     *
     * @param {Share} a
     * @param {Share} b
     */
    function between(a, b) {
        const { width, height } = on.image() ?? { width: 1, height: 1 };
        return (Math.hypot((a[0] - b[0]) * width, (a[1] - b[1]) * height) * viewport.view.scale) / ratio();
    }

    /** @param {Gesture} gesture */
    async function ask(gesture) {
        answered = false;
        on.paint();
        if (asked) {
            waiting = gesture;
            return;
        }
        const of = turn;
        asked = on.ask({ ...gesture, exact: on.exact });
        const told = await asked;
        asked = null;
        const next = waiting;
        waiting = null;
        if (of === turn) learn(gesture, told);
        if (next) ask(next);
        else if (of === turn) {
            answered = true;
            if (whole) take();
        }
        on.paint();
    }

    /**
     * @param {Gesture} gesture
     * @param {Told} told
     */
    function learn(gesture, { outline, line: way, threshold: used, error }) {
        if (error) {
            drop();
            on.say(error);
            return;
        }
        if (outline) rings = outline;
        if (way) line = way;
        if (used && !gesture.threshold) threshold = used;
    }

    /** Nothing is under way any more. */
    function drop() {
        turn += 1;
        waiting = box = from = null;
        whole = false;
        answered = true;
        [rings, line, points, labels, threshold] = [[], [], [], [], 0];
        on.paint();
    }

    /** The gesture has ended. */
    function finish() {
        whole = true;
        if (answered) take();
    }

    function take() {
        const [outline, meant] = [rings, meaning];
        drop();
        deliver({ outline }, meant);
    }

    /** The next gesture begins while the answer to the last one, which has ended, is still to come. */
    function takeLater() {
        const meant = meaning;
        const last = waiting ? on.ask({ ...waiting, exact: on.exact }) : asked;
        last?.then((told) => deliver(told, meant));
    }

    /**
     * @param {Told} told
     * @param {Meaning} meant
     */
    function deliver({ outline, error }, meant) {
        if (outline?.length) on.found(outline, meant);
        else on.say(error ?? "nothing stands out there");
    }

    /**
     * @param {Point} point
     * @param {{ altKey: boolean, shiftKey: boolean }} keys
     */
    function begin(point, { altKey, shiftKey }) {
        const place = shareOf(point);
        const going = points.length > 0 && (kind === "scissors" || kind === "anything");
        if (!going || whole) {
            if (whole && !answered) takeLater();
            drop();
            meaning = altKey && kind !== "anything" ? "away" : shiftKey ? "add" : "new";
        }
        from = { at: point, place, alt: altKey };
        if (kind === "scissors") anchor(place);
        else if (kind === "region") ask({ tool: kind, at: place });
        else if (kind !== "boxed" && kind !== "anything") stroke(place);
    }

    /** @param {Share} place */
    function anchor(place) {
        const last = points[points.length - 1];
        const closes = points.length > 1 && (between(place, points[0]) < AT_POINT || between(place, last) < CLICK);
        if (closes) return close();
        points.push(place);
        if (last) ask({ tool: kind, points: [...points] });
        on.paint();
    }

    function close() {
        ask({ tool: "scissors", points, closed: true });
        finish();
    }

    /** @param {Share} place */
    function stroke(place) {
        const last = points[points.length - 1];
        if (last && between(place, last) < (kind === "brush" ? BRUSH_STEP : CLICK)) return;
        points.push(place);
        if (kind !== "brush") ask({ tool: kind, points: [...points], ...(kind === "patches" ? { side: sizes.of(kind) } : {}) });
    }

    /** @param {Point} point */
    function drag(point) {
        if (!from) return;
        const place = shareOf(point);
        if (between(place, from.place) < CLICK && !box && kind !== "brush") return;
        if (kind === "region" && threshold) {
            const far = ((point.x - from.at.x) * viewport.view.scale) / ratio();
            ask({ tool: kind, at: from.place, threshold: threshold * 2 ** (far / DOUBLING) });
        } else if (kind === "boxed" || kind === "anything") {
            const [a, b] = [from.place, place];
            box = [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[0], b[0]), Math.max(a[1], b[1])];
        } else if (kind !== "scissors" && kind !== "region") stroke(place);
        on.paint();
    }

    /** @param {Point} point */
    function end(point) {
        if (!from) return;
        const { place, alt } = from;
        drag(point);
        from = null;
        if (kind === "scissors") return;
        if (kind === "boxed") {
            if (!box) return on.say("drag a box around the object");
            ask({ tool: kind, box });
        }
        if (kind === "brush") ask({ tool: kind, points, side: sizes.of(kind) });
        if (kind === "anything") {
            if (!box || between(place, shareOf(point)) < CLICK) {
                points.push(place);
                labels.push(alt ? 0 : 1);
            }
            ask({ tool: kind, points, labels, ...(box ? { box } : {}) });
        } else finish();
    }

    /** @param {Point} point */
    function pass(point) {
        if (kind === "brush") {
            over = shareOf(point);
            on.paint();
        }
        if (kind === "scissors" && points.length && !whole) ask({ tool: kind, points: [...points, shareOf(point)] });
    }

    return {
        get kind() {
            return kind;
        },
        set kind(next) {
            if (next === kind) return;
            drop();
            cross = over = null;
            kind = next;
        },
        /**
         * Have larger or smaller patches, or a wider or narrower brush; false where the tool has no size.
         *
         * @param {number} by
         */
        resize(by) {
            const has = sizes.resize(kind, by);
            if (has) on.paint();
            return has;
        },
        /** Whether a gesture is under way. */
        get busy() {
            return from !== null || points.length > 0 || box !== null || !answered;
        },
        get cursor() {
            return whole && !answered ? "progress" : "crosshair";
        },
        /** @returns {MagicState} */
        get state() {
            const clicked = kind === "scissors" || kind === "anything" ? points : [];
            return {
                ...{ rings, box, line },
                dots: clicked.map((at, place) => ({ at, beside: labels[place] === 0 })),
                cross: cross && shareOf(cross),
                brush: kind === "brush" ? { stroke: points, at: cross ? shareOf(cross) : over, side: sizes.of(kind) } : null,
            };
        },
        drop,
        /** What is enclosed, or shown, is taken; returns whether there was anything. */
        accept() {
            if (kind === "scissors" && points.length > 1) close();
            else if (kind === "anything" && (points.length || box)) finish();
            else return false;
            return true;
        },
        /** The last click is taken back; returns whether there was one. */
        back() {
            if (!points.length || (kind !== "scissors" && kind !== "anything")) return false;
            points.pop();
            labels.pop();
            [line, rings] = [[], []];
            if (!points.length && !box) drop();
            else if (kind === "scissors") ask({ tool: kind, points: [...points, points[points.length - 1]] });
            else ask({ tool: kind, points, labels, ...(box ? { box } : {}) });
            on.paint();
            return true;
        },
        /**
         * Move the pointer by a key; false where keys do not have it.
         *
         * @param {number} across steps to the right
         * @param {number} down
         * @param {boolean} fine
         */
        step(across, down, fine) {
            const image = on.image();
            if (!cross || !image) return false;
            const by = ((fine ? FINE_ARROW : ARROW) * ratio()) / viewport.view.scale;
            cross = {
                x: Math.min(image.width, Math.max(0, cross.x + across * by)),
                y: Math.min(image.height, Math.max(0, cross.y + down * by)),
            };
            if (from) drag(cross);
            else pass(cross);
            on.paint();
            return true;
        },
        /**
         * Take the pointer to the middle of what is to be seen, or press where it is; of a box, a corner, and of a
         * brush, where it goes down and up again.
         *
         * @param {Meaning} [means] of what the gesture finds
         */
        press(means = "new") {
            if (!on.image() || !on.ready()) return;
            const held = kind === "boxed" || kind === "brush";
            const [added, away] = [means === "add", means === "away"];
            const { view, canvas } = viewport;
            if (!cross) cross = { x: (canvas.width / 2 - view.x) / view.scale, y: (canvas.height / 2 - view.y) / view.scale };
            else if (held && from) end(cross);
            else {
                begin(cross, { altKey: away, shiftKey: added });
                if (!held) end(cross);
            }
            on.paint();
        },
        /** Escape: the gesture, then the pointer of the keys; returns whether there was either. */
        leave() {
            if (from || points.length || box || !answered) drop();
            else if (cross) cross = null;
            else return false;
            on.paint();
            return true;
        },

        /** @param {PointerEvent} event */
        down(event) {
            if (on.pans() || !on.image()) return false;
            if (!on.ready()) return true; // a class is asked for
            cross = null;
            begin(placeOf(event), event);
            return true;
        },
        /** @param {PointerEvent} event */
        move(event) {
            if (kind === "brush") over = shareOf(placeOf(event));
            if (from && kind !== "scissors") drag(placeOf(event));
        },
        /** @param {PointerEvent} event */
        up(event) {
            end(placeOf(event));
        },
        /** @param {PointerEvent | null} event */
        hover(event) {
            if (event) pass(placeOf(event));
            else if (over) {
                over = null;
                on.paint();
            }
        },
    };
}
