// @ts-check
/**
 * Outlines on a canvas.
 *
 * @typedef {import("./view.js").Point} Point on the canvas
 * @typedef {CanvasRenderingContext2D} Context
 */

const ROOM = 7; // CSS px between points of an outline that are shown
export const HALO = "rgba(0, 0, 0, 0.55)";

const pixelRatio = () => window.devicePixelRatio || 1;

/**
 * @param {Context} context
 * @param {Point[][]} rings
 */
export function traceRings(context, rings) {
    context.beginPath();
    for (const ring of rings) {
        context.moveTo(ring[0].x, ring[0].y);
        for (let place = 1; place < ring.length; place += 1) context.lineTo(ring[place].x, ring[place].y);
        context.closePath();
    }
}

/**
 * @param {Context} context
 * @param {Point[][]} rings one inside of another is a hole
 * @param {string} colour
 * @param {number} alpha
 */
export function fillRings(context, rings, colour, alpha) {
    traceRings(context, rings);
    context.globalAlpha = alpha;
    context.fillStyle = colour;
    context.fill("evenodd");
    context.globalAlpha = 1;
}

/**
 * @param {Context} context
 * @param {Point} at
 * @param {string} colour
 * @param {number} radius in CSS pixels
 * @param {string} [rim]
 */
export function paintDot(context, { x, y }, colour, radius, rim = HALO) {
    context.beginPath();
    context.arc(x, y, radius * pixelRatio(), 0, 2 * Math.PI);
    context.fillStyle = colour;
    context.fill();
    context.strokeStyle = rim;
    context.lineWidth = 1.5 * pixelRatio();
    context.stroke();
}

/**
 * The points of an outline, as far as there is room for them.
 *
 * @param {Context} context
 * @param {Point[][]} rings
 * @param {string} colour
 * @param {import("./outline.js").Corner | null} corner under the hand
 */
export function paintCorners(context, rings, colour, corner) {
    const { width, height } = context.canvas;
    rings.forEach((points, ring) => {
        /** @type {Point | null} */
        let last = null;
        points.forEach((point, place) => {
            const held = corner?.ring === ring && corner.place === place;
            if (!held && last && Math.hypot(point.x - last.x, point.y - last.y) < ROOM * pixelRatio()) return;
            if (point.x < 0 || point.y < 0 || point.x > width || point.y > height) return;
            last = point;
            paintDot(context, point, held ? colour : "#fff", held ? 5.5 : 3.5, held ? "#fff" : colour);
        });
    });
}

/**
 * @param {Context} context
 * @param {Point[]} points of an outline that is being drawn
 * @param {string} colour
 */
export function paintPath(context, points, colour) {
    for (const [style, width] of /** @type {[string, number][]} */ ([[HALO, 4.5], [colour, 2.5]])) {
        context.beginPath();
        points.forEach(({ x, y }, place) => (place ? context.lineTo(x, y) : context.moveTo(x, y)));
        context.strokeStyle = style;
        context.lineWidth = width * pixelRatio();
        context.lineJoin = "round";
        context.stroke();
    }
    let last = points[0];
    for (const point of points.slice(1, -1)) {
        if (Math.hypot(point.x - last.x, point.y - last.y) < 2 * ROOM * pixelRatio()) continue;
        paintDot(context, point, "#fff", 2.5, colour);
        last = point;
    }
    paintDot(context, points[0], "#fff", 5, colour);
}
