// @ts-check
/** What the keys of the view do. */

const STEP = 1.25; // zoom, a key press
const STRIDE = 80; // device pixels, a press of an arrow key
const SHADE = 1.15; // brightness and contrast, a key press

/**
 * @param {ReturnType<typeof import("./viewport.js").createViewport>} viewport
 * @returns {Record<string, () => void>} by action
 */
export function viewActions(viewport) {
    return {
        fit: viewport.fit,
        actual: () => viewport.zoomTo(1),
        zoomIn: () => viewport.zoomBy(STEP),
        zoomOut: () => viewport.zoomBy(1 / STEP),
        left: () => viewport.panBy({ x: STRIDE, y: 0 }),
        right: () => viewport.panBy({ x: -STRIDE, y: 0 }),
        up: () => viewport.panBy({ x: 0, y: STRIDE }),
        down: () => viewport.panBy({ x: 0, y: -STRIDE }),
        brighter: () => viewport.adjust({ brightness: SHADE }),
        darker: () => viewport.adjust({ brightness: 1 / SHADE }),
        moreContrast: () => viewport.adjust({ contrast: SHADE }),
        lessContrast: () => viewport.adjust({ contrast: 1 / SHADE }),
        plain: () => viewport.adjust(),
    };
}
