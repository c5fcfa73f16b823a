// @ts-check
/**
 * The canvas that shows an image under a view transform, with layers drawn from Python over it.
 *
 * @typedef {import("./images.js").Picture} Picture
 * @typedef {{ scale: number, x: number, y: number }} View image to device pixels
 */

const MARGIN = 0.03; // of the viewport, around a fitted image

/**
 * @param {HTMLElement} parent
 */
export function createViewport(parent) {
    const canvas = document.createElement("canvas");
    canvas.className = "wb-canvas";
    canvas.setAttribute("role", "img");
    parent.append(canvas);
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    /** @type {Picture | null} */
    let picture = null;
    /** @type {CanvasImageSource | null} */
    let layer = null;
    let frame = 0;

    const observer = new ResizeObserver(() => {
        const ratio = window.devicePixelRatio || 1;
        canvas.width = Math.max(1, Math.round(parent.clientWidth * ratio));
        canvas.height = Math.max(1, Math.round(parent.clientHeight * ratio));
        paint(); // at once: a resized canvas is empty
    });
    observer.observe(parent);

    function redraw() {
        frame ||= requestAnimationFrame(paint);
    }

    function paint() {
        cancelAnimationFrame(frame);
        frame = 0;
        context.setTransform(1, 0, 0, 1, 0, 0);
        context.clearRect(0, 0, canvas.width, canvas.height);
        if (!picture?.bitmap) return;
        const { width, height } = picture;
        const { scale, x, y } = fit(canvas, width, height);
        context.setTransform(scale, 0, 0, scale, x, y);
        context.imageSmoothingQuality = "high";
        context.drawImage(picture.bitmap, 0, 0, width, height);
        if (layer) context.drawImage(layer, 0, 0, width, height);
    }

    return {
        canvas,
        redraw,
        /** Longest side of the canvas in device pixels: no image is shown larger. */
        get side() {
            return Math.max(canvas.width, canvas.height, 512);
        },
        /**
         * @param {Picture | null} next
         * @param {string} description
         */
        show(next, description) {
            picture = next;
            canvas.setAttribute("aria-label", description);
            paint();
        },
        /** @param {CanvasImageSource | null} next */
        setLayer(next) {
            layer = next;
            redraw();
        },
        destroy() {
            observer.disconnect();
            cancelAnimationFrame(frame);
        },
    };
}

/**
 * The view in which an image is wholly visible, centred.
 *
 * @param {{ width: number, height: number }} canvas
 * @param {number} width
 * @param {number} height
 * @returns {View}
 */
export function fit(canvas, width, height) {
    const room = 1 - 2 * MARGIN;
    const scale = Math.min((canvas.width * room) / width, (canvas.height * room) / height);
    return {
        scale,
        x: (canvas.width - scale * width) / 2,
        y: (canvas.height - scale * height) / 2,
    };
}
