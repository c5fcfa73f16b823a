// @ts-check
/**
 * Shows an image under a view that can be zoomed and panned, with layers drawn from Python over it.
 *
 * Two canvases: brightness and contrast are a filter on the image's own, so that they cost no
 * drawing and leave the layers' colours alone.
 *
 * @typedef {import("./images.js").Picture} Picture
 * @typedef {import("./view.js").View} View
 * @typedef {import("./view.js").Point} Point
 * @typedef {import("./view.js").Box} Box
 */

import { finerPart, fit, panBy, within, zoomTo } from "./view.js";

const TINY = 64; // px; an image as small is read better blurred than in blocks
const BLOCKS_FROM = 3; // device pixels a pixel from which on pixels are shown as what they are
const SETTLED = 120; // ms without a change of view after which the finer pixels are asked for
const NEUTRAL = Object.freeze({ brightness: 1, contrast: 1 });

/**
 * @param {HTMLElement} parent
 * @param {{ onSettled?: () => void, onPaint?: () => void }} [on] `onSettled`: the view has changed and
 *     come to rest; `onPaint`: it is painted, for what lies over it to be painted in the same frame
 */
export function createViewport(parent, on = {}) {
    const canvas = addCanvas(parent, "wb-canvas");
    const over = addCanvas(parent, "wb-layer");
    canvas.setAttribute("role", "img");
    over.setAttribute("aria-hidden", "true");
    const context = contextOf(canvas);
    const overContext = contextOf(over);
    /** @type {Picture | null} */
    let picture = null;
    /** @type {{ bitmap: ImageBitmap, box: Box } | null} pixels finer than the picture's */
    let detail = null;
    /** @type {CanvasImageSource | null} */
    let layer = null;
    /** @type {View} */
    let view = { scale: 1, x: 0, y: 0 };
    let fitted = true;
    let look = { ...NEUTRAL };
    let frame = 0;
    let settling = 0;

    const observer = new ResizeObserver(() => {
        const ratio = window.devicePixelRatio || 1;
        for (const each of [canvas, over]) {
            each.width = Math.max(1, Math.round(parent.clientWidth * ratio));
            each.height = Math.max(1, Math.round(parent.clientHeight * ratio));
        }
        if (picture) view = fitted ? fit(canvas, picture) : within(view, canvas, picture);
        paint(); // at once: a resized canvas is empty
    });
    observer.observe(parent);

    function redraw() {
        frame ||= requestAnimationFrame(paint);
    }

    function paint() {
        cancelAnimationFrame(frame);
        frame = 0;
        paintImage();
        on.onPaint?.();
    }

    function paintImage() {
        clear(context);
        clear(overContext);
        if (!picture?.bitmap) return;
        const { width, height } = picture;
        context.setTransform(view.scale, 0, 0, view.scale, view.x, view.y);
        context.imageSmoothingEnabled = view.scale < BLOCKS_FROM || Math.max(width, height) <= TINY;
        context.imageSmoothingQuality = fitted ? "high" : "low"; // in motion, speed counts
        if (picture.alpha) {
            context.fillStyle = "white"; // which is what models see there
            context.fillRect(0, 0, width, height);
        }
        context.drawImage(picture.bitmap, 0, 0, width, height);
        if (detail) {
            const { x, y, width: w, height: h } = detail.box;
            context.drawImage(detail.bitmap, x, y, w, h);
        }
        if (!layer) return;
        overContext.setTransform(view.scale, 0, 0, view.scale, view.x, view.y);
        overContext.drawImage(layer, 0, 0, width, height);
    }

    /** @param {View} next */
    function lookAt(next) {
        view = next;
        parent.classList.toggle("wb-zoomed", !fitted);
        redraw();
        clearTimeout(settling);
        settling = setTimeout(() => on.onSettled?.(), SETTLED);
    }

    function dropDetail() {
        detail?.bitmap.close();
        detail = null;
    }

    const viewport = {
        canvas,
        redraw,
        get view() {
            return view;
        },
        /** Whether the whole image is shown, as it is when it comes. */
        get fitted() {
            return fitted;
        },
        get look() {
            return look;
        },
        /** The image on screen; null while there is none to be seen. */
        get picture() {
            return picture?.bitmap ? picture : null;
        },
        /** Longest side of the canvas in device pixels: what a fitted image needs. */
        get side() {
            return Math.max(canvas.width, canvas.height, 512);
        },
        /** The part of the image whose finer pixels the view could show, if any. */
        get finerPart() {
            if (!picture?.bitmap) return null;
            const sharpness = picture.bitmap.width / picture.width;
            const known = detail && { box: detail.box, sharpness: detail.bitmap.width / detail.box.width };
            return finerPart({ view, canvas, image: picture }, sharpness, known);
        },

        /**
         * @param {Picture | null} next
         * @param {string} description
         */
        show(next, description) {
            canvas.setAttribute("aria-label", description);
            if (next !== picture) {
                picture = next;
                dropDetail();
                fitted = true;
                parent.classList.remove("wb-zoomed");
                if (picture) view = fit(canvas, picture);
            }
            paint();
        },
        /**
         * Finer pixels of a part of the image on screen.
         *
         * @param {ImageBitmap} bitmap
         * @param {Box} box in pixels of the image
         */
        showDetail(bitmap, box) {
            dropDetail();
            detail = { bitmap, box };
            redraw();
        },
        /** @param {CanvasImageSource | null} next */
        setLayer(next) {
            layer = next;
            redraw();
        },

        fit() {
            if (!picture) return;
            fitted = true;
            lookAt(fit(canvas, picture));
        },
        /**
         * @param {number} factor
         * @param {Point} [at] in device pixels, by default the middle
         */
        zoomBy(factor, at) {
            viewport.zoomTo(view.scale * factor, at);
        },
        /**
         * @param {number} scale device pixels a pixel of the image; 1 shows every pixel as it is
         * @param {Point} [at]
         */
        zoomTo(scale, at = { x: canvas.width / 2, y: canvas.height / 2 }) {
            if (!picture?.bitmap) return;
            const next = zoomTo(view, at, scale, canvas, picture);
            const whole = fit(canvas, picture);
            fitted = Math.abs(next.scale / whole.scale - 1) < 1e-3;
            lookAt(fitted ? whole : next);
        },
        /** @param {Point} by in device pixels */
        panBy(by) {
            if (!picture?.bitmap || fitted) return;
            lookAt(panBy(view, by, canvas, picture));
        },
        /**
         * Make the image brighter or its contrast stronger, by a factor; without one, as it is.
         *
         * @param {{ brightness?: number, contrast?: number }} [by]
         */
        adjust(by) {
            const { brightness = 1, contrast = 1 } = by ?? {};
            look = by
                ? { brightness: bounded(look.brightness * brightness), contrast: bounded(look.contrast * contrast) }
                : { ...NEUTRAL };
            const plain = look.brightness === 1 && look.contrast === 1;
            canvas.style.filter = plain ? "" : `brightness(${look.brightness}) contrast(${look.contrast})`;
        },
        /**
         * @param {{ clientX: number, clientY: number }} event
         * @returns {Point} in device pixels of the canvas
         */
        pointOf(event) {
            const area = canvas.getBoundingClientRect();
            const ratio = canvas.width / Math.max(1, area.width);
            return { x: (event.clientX - area.left) * ratio, y: (event.clientY - area.top) * ratio };
        },
        destroy() {
            observer.disconnect();
            cancelAnimationFrame(frame);
            clearTimeout(settling);
            dropDetail();
        },
    };
    return viewport;
}

/** @param {number} factor */
function bounded(factor) {
    const clipped = Math.min(8, Math.max(1 / 8, factor));
    return Math.abs(clipped - 1) < 0.01 ? 1 : clipped; // up and down again is where it was
}

/**
 * @param {HTMLElement} parent
 * @param {string} name
 */
export function addCanvas(parent, name) {
    const canvas = document.createElement("canvas");
    canvas.className = name;
    parent.append(canvas);
    return canvas;
}

/** @param {HTMLCanvasElement} canvas */
export function contextOf(canvas) {
    return /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
}

/** @param {CanvasRenderingContext2D} context */
export function clear(context) {
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, context.canvas.width, context.canvas.height);
}
