// @ts-check
/**
 * Images, asked of the kernel ahead of time and kept decoded.
 *
 * @typedef {{ bitmap: ImageBitmap | null, width: number, height: number, alpha?: boolean, stretched?: boolean,
 *             error: string }} Picture
 * `width`, `height`: of the original; `alpha`: parts of it are transparent; `stretched`: its brightness is not the file's
 */

const KEPT = 24; // decoded pictures, those ahead and the last few behind for undo
const ASK_AGAIN = 15_000; // ms

/**
 * @param {(message: Record<string, any>) => void} send
 * @param {(sample: string) => void} onReady called when a picture, or its error, is there
 */
export function createImages(send, onReady) {
    /** @type {Map<string, Picture>} */
    const kept = new Map();
    /** @type {Map<string, number>} */
    const asked = new Map();

    /** @param {string} sample */
    function touch(sample) {
        const picture = kept.get(sample);
        if (!picture) return undefined;
        kept.delete(sample); // to the end of the map: most recently used
        kept.set(sample, picture);
        return picture;
    }

    /**
     * @param {string} sample
     * @param {Picture} picture
     */
    function keep(sample, picture) {
        asked.delete(sample);
        kept.get(sample)?.bitmap?.close();
        kept.set(sample, picture);
        for (const [oldest, old] of kept) {
            if (kept.size <= KEPT) break;
            kept.delete(oldest);
            old.bitmap?.close();
        }
        onReady(sample);
    }

    return {
        /** @param {string} sample */
        get: touch,

        /**
         * @param {string} sample
         * @param {number} side longest side in device pixels that it will be shown at
         */
        want(sample, side) {
            const since = asked.get(sample);
            if (touch(sample) || (since && performance.now() - since < ASK_AGAIN)) return;
            asked.set(sample, performance.now());
            send({ type: "image", sample, side });
        },

        /**
         * @param {{ sample: string, width?: number, height?: number, alpha?: boolean, stretched?: boolean,
         *           error?: string }} message
         * @param {DataView[]} buffers
         */
        async receive({ sample, width = 0, height = 0, alpha = false, stretched = false, error = "" }, buffers) {
            if (error) return keep(sample, { bitmap: null, width, height, error });
            const bitmap = await createImageBitmap(new Blob([buffers[0]])).catch(() => null);
            const failed = bitmap ? "" : "this browser cannot decode the image";
            keep(sample, { bitmap, width, height, alpha, stretched, error: failed });
        },

        clear() {
            for (const picture of kept.values()) picture.bitmap?.close();
            kept.clear();
            asked.clear();
        },
    };
}
