// @ts-check
/**
 * What a hand does on the stage with a mouse, a pen or fingers: zoom with the wheel or a pinch, pan
 * by dragging, between fitted and 1:1 by a double click. A task's tool may take the first pointer; with
 * the middle button, with Space held or with two fingers the image is moved all the same.
 *
 * @typedef {import("./view.js").Point} Point
 * @typedef {ReturnType<typeof import("./viewport.js").createViewport>} Viewport
 * @typedef {{ down: (event: PointerEvent) => boolean, move: (event: PointerEvent) => void, up: (event: PointerEvent) => void,
 *             hover: (event: PointerEvent | null) => void, cancel: () => void, over: (event: MouseEvent) => boolean }} PointerTool
 *     `down`: whether it takes the pointer; `hover`: null where it has left; `over`: whether it has something there
 */

const WHEEL = 0.0016; // zoom a pixel of the wheel, as exponent
const PINCH = 0.01; // the same for a touchpad's pinch, which comes as a wheel with Ctrl
const ON_TOP = "button, input, .wb-sheet, .wb-grid";
const LINE = 16; // px a line, for wheels that count in lines

/**
 * @param {HTMLElement} stage
 * @param {Viewport} viewport
 * @param {() => boolean} engaged whether the widget has the person's attention; else the wheel
 *     scrolls the page, as it does everywhere else
 * @param {() => PointerTool | null} tool of the task
 * @returns {() => void} stops listening
 */
export function listenToGestures(stage, viewport, engaged, tool) {
    let held = -1; // the pointer that the tool has
    /** @type {Map<number, Point>} where each pointer is, in device pixels */
    const pointers = new Map();

    /** @param {WheelEvent} event */
    function onWheel(event) {
        if (!event.ctrlKey && !engaged()) return;
        event.preventDefault();
        const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE : 1);
        viewport.zoomBy(Math.exp(-pixels * (event.ctrlKey ? PINCH : WHEEL)), viewport.pointOf(event));
    }

    /** @param {PointerEvent} event */
    function onDown(event) {
        if (event.button > 1 || pointers.size === 2) return;
        stage.setPointerCapture(event.pointerId);
        pointers.set(event.pointerId, viewport.pointOf(event));
        if (pointers.size > 1) letGo();
        else if (event.button === 0 && tool()?.down(event)) held = event.pointerId;
        sayMoving();
    }

    /** A second finger means the image. */
    function letGo() {
        if (held !== -1) tool()?.cancel();
        held = -1;
    }

    /** @param {PointerEvent} event */
    function onMove(event) {
        if (!pointers.size) tool()?.hover(event);
        if (event.pointerId === held) {
            pointers.set(event.pointerId, viewport.pointOf(event));
            return tool()?.move(event);
        }
        const before = pointers.get(event.pointerId);
        if (!before) return;
        const now = viewport.pointOf(event);
        const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
        pointers.set(event.pointerId, now);
        if (!other) {
            viewport.panBy({ x: now.x - before.x, y: now.y - before.y });
            return;
        }
        const factor = distance(now, other) / Math.max(1, distance(before, other));
        viewport.zoomBy(factor, middle(before, other)); // what lay between the fingers goes with them
        viewport.panBy({ x: (now.x - before.x) / 2, y: (now.y - before.y) / 2 });
    }

    /** @param {PointerEvent} event */
    function onUp(event) {
        pointers.delete(event.pointerId);
        if (event.pointerId === held && event.type === "pointerup") tool()?.up(event);
        else if (event.pointerId === held) tool()?.cancel();
        if (event.pointerId === held) held = -1;
        sayMoving();
    }

    function sayMoving() {
        stage.classList.toggle("wb-moving", pointers.size > 0 && held === -1 && !viewport.fitted);
    }

    /** @param {MouseEvent} event */
    function onDouble(event) {
        if (tool()?.over(event)) return;
        if (viewport.fitted) viewport.zoomTo(1, viewport.pointOf(event));
        else viewport.fit();
    }

    /** @type {[string, (event: any) => void][]} */
    const gestures = [
        ["wheel", onWheel],
        ["pointerdown", onDown],
        ["pointermove", onMove],
        ["pointerup", onUp],
        ["pointercancel", onUp],
        ["pointerleave", () => tool()?.hover(null)],
        ["dblclick", onDouble],
    ];
    const stop = new AbortController();
    for (const [name, listener] of gestures)
        stage.addEventListener(
            name,
            (event) => {
                // What lies over the image has clicks and a wheel of its own.
                if (/** @type {Element} */ (event.target).closest(ON_TOP) === null) listener(event);
            },
            { passive: false, signal: stop.signal },
        );
    return () => stop.abort();
}

/**
 * @param {Point} a
 * @param {Point} b
 */
function distance(a, b) {
    return Math.hypot(a.x - b.x, a.y - b.y);
}

/**
 * @param {Point} a
 * @param {Point} b
 */
function middle(a, b) {
    return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}
