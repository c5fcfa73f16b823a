// @ts-check
/**
 * A mask over the image, on two canvases under its view: one for the mask, and one for what is under the hand.
 *
 * @typedef {import("./view.js").Box} Box
 * @typedef {import("./view.js").Point} Point
 * @typedef {import("./raster.js").Raster} Raster
 * @typedef {{ at: Point | null, radius: number, erasing: boolean, line: Point[] }} MaskHand `at`: the middle of the
 *     brush, and `line`: what is being enclosed, in pixels of the image
 */

import { paintMagic } from "./magicpaint.js";
import { HALO } from "./outlinepaint.js";
import { classColour } from "./palette.js";
import { addCanvas, clear, contextOf } from "./viewport.js";

const MOST_DRAWN = 16_000_000; // pixels of the mask as it is painted; of larger ones every second or third is
const MASK_FILL = 0.5; // opaque
const GHOST = 8; // pixels of the image from stripe to stripe of what is suggested

/**
 * @param {HTMLElement} stage
 * @param {ReturnType<typeof import("./viewport.js").createViewport>} viewport
 * @param {() => string[]} classes
 * @param {() => string} className of what is painted next
 * @param {() => boolean} reviewing whether what is suggested is to be seen in the place of what is there, too
 */
export function createMaskCanvas(stage, viewport, classes, className, reviewing) {
    const still = addCanvas(stage, "wb-layer wb-mask");
    const hand = addCanvas(stage, "wb-layer wb-hand");
    for (const canvas of [still, hand]) canvas.setAttribute("aria-hidden", "true");
    const stillContext = contextOf(still);
    const handContext = contextOf(hand);
    const sheet = document.createElement("canvas"); // the mask, a pixel as a pixel
    const sheetContext = contextOf(sheet);
    /** @type {Raster | null} whose pixels the sheet has */
    let drawn = null;
    /** @type {Raster | null} */
    let ghosts = null;
    let coloured = ""; // by which classes
    let step = 1; // pixels of the mask for one of the sheet
    let painted = "";
    let opacity = 1;

    const ratio = () => window.devicePixelRatio || 1;

    /**
     * Colours by value of a mask, as a canvas keeps them.
     *
     * @param {string[]} palette
     */
    function coloursOf(palette) {
        const bytes = new Uint8ClampedArray(4 * palette.length);
        palette.forEach((name, value) => {
            const place = classes().indexOf(name);
            if (!name || place < 0) return;
            const colour = parseInt(classColour(place).slice(1).replace(/^(.)(.)(.)$/, "$1$1$2$2$3$3"), 16);
            bytes.set([colour >> 16, (colour >> 8) & 255, colour & 255, 255], 4 * value);
        });
        return new Uint32Array(bytes.buffer);
    }

    /**
     * Bring a part of the sheet up to date.
     *
     * @param {Raster} raster
     * @param {Box} box
     */
    function draw(raster, box) {
        const [left, top] = [Math.floor(box.x / step), Math.floor(box.y / step)];
        const width = Math.min(sheet.width, Math.ceil((box.x + box.width) / step)) - left;
        const height = Math.min(sheet.height, Math.ceil((box.y + box.height) / step)) - top;
        const pixels = new ImageData(width, height);
        const words = new Uint32Array(pixels.data.buffer);
        const colours = coloursOf(raster.palette);
        const guesses = ghosts ? coloursOf(ghosts.palette) : colours;
        const own = ghosts && reviewing() ? ghosts.palette.map((name) => raster.palette.indexOf(name)) : null;
        let to = 0;
        for (let row = top; row < top + height; row += 1) {
            let at = row * step * raster.width + left * step;
            for (let column = 0; column < width; column += 1, at += step, to += 1) {
                const value = raster.values[at];
                const guess = ghosts?.values[at] ?? 0;
                const striped = (left + column + row) % GHOST < GHOST / 2;
                if (own && own[guess] !== value) words[to] = striped ? guesses[guess] : colours[value];
                else if (value) words[to] = colours[value];
                else if (guess && striped) words[to] = guesses[guess];
            }
        }
        sheetContext.putImageData(pixels, left, top);
    }

    /**
     * @param {Raster} raster
     * @param {Raster | null} suggested
     */
    function update(raster, suggested) {
        const now = classes().join("\n");
        const dirty = raster.takeDirty();
        if (raster === drawn && suggested === ghosts && now === coloured) {
            if (dirty) draw(raster, dirty);
            return Boolean(dirty);
        }
        [drawn, ghosts, coloured] = [raster, suggested, now];
        step = Math.ceil(Math.sqrt((raster.width * raster.height) / MOST_DRAWN));
        [sheet.width, sheet.height] = [Math.ceil(raster.width / step), Math.ceil(raster.height / step)];
        draw(raster, { x: 0, y: 0, width: raster.width, height: raster.height });
        return true;
    }

    /** @param {boolean} changed whether the sheet has */
    function paintStill(changed) {
        const { scale, x, y } = viewport.view;
        const state = [scale, x, y, still.width, still.height, opacity].join();
        if (state === painted && !changed) return;
        painted = state;
        clear(stillContext);
        if (!viewport.picture || !drawn || !opacity) return;
        stillContext.setTransform(scale * step, 0, 0, scale * step, x, y);
        stillContext.imageSmoothingEnabled = scale * step < 1;
        stillContext.globalAlpha = MASK_FILL * opacity;
        stillContext.drawImage(sheet, 0, 0);
        stillContext.globalAlpha = 1;
        stillContext.setTransform(1, 0, 0, 1, 0, 0);
    }

    /**
     * @param {MaskHand} state
     * @param {import("./magichand.js").MagicState | null} magic
     */
    function paintHand({ at, radius, erasing, line }, magic) {
        clear(handContext);
        if (!viewport.picture || !drawn) return;
        const { scale, x, y } = viewport.view;
        if (magic) {
            const { width, height } = drawn;
            const next = classColour(Math.max(0, classes().indexOf(className())));
            return paintMagic(handContext, magic, ([across, down]) => ({ x: scale * across * width + x, y: scale * down * height + y }), next);
        }
        const colour = erasing ? "#fff" : classColour(Math.max(0, classes().indexOf(className())));
        for (const [style, width] of /** @type {[string, number][]} */ ([[HALO, 4], [colour, 2]])) {
            handContext.beginPath();
            line.forEach((point, place) => handContext[place ? "lineTo" : "moveTo"](scale * point.x + x, scale * point.y + y));
            if (at) {
                handContext.moveTo(scale * (at.x + radius) + x, scale * at.y + y);
                handContext.arc(scale * at.x + x, scale * at.y + y, Math.max(1, scale * radius), 0, 2 * Math.PI);
            }
            handContext.strokeStyle = style;
            handContext.lineWidth = width * ratio();
            handContext.setLineDash(erasing && style === colour ? [4 * ratio(), 3 * ratio()] : []);
            handContext.stroke();
        }
        handContext.setLineDash([]);
    }

    return {
        /** @param {number} next of the mask: 0 to 1 */
        set opacity(next) {
            opacity = next;
        },
        /**
         * Paint what has changed.
         *
         * @param {Raster | null} raster null where there is none (yet)
         * @param {Raster | null} suggested
         * @param {MaskHand} state
         * @param {import("./magichand.js").MagicState | null} magic null where the hand draws without magic
         */
        paint(raster, suggested, state, magic) {
            for (const canvas of [still, hand]) {
                if (canvas.width === viewport.canvas.width && canvas.height === viewport.canvas.height) continue;
                [canvas.width, canvas.height] = [viewport.canvas.width, viewport.canvas.height];
                painted = "";
            }
            if (!raster && drawn) {
                drawn = null;
                painted = "";
            }
            paintStill(raster ? update(raster, suggested) : false);
            paintHand(state, magic);
        },
        destroy() {
            still.remove();
            hand.remove();
        },
    };
}
