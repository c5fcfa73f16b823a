// @ts-check
/** Measures the seconds a person spends on an image. */

const LONGEST = 120; // seconds; a longer pause is a pause

/**
 * A clock that runs while the page is visible.
 *
 * @returns {{ restart: () => void, read: () => number, stop: () => void }}
 */
export function createClock() {
    let spent = 0;
    let since = document.hidden ? 0 : performance.now();

    function onVisibility() {
        if (document.hidden && since) {
            spent += performance.now() - since;
            since = 0;
        } else if (!document.hidden && !since) {
            since = performance.now();
        }
    }
    document.addEventListener("visibilitychange", onVisibility);

    return {
        restart() {
            spent = 0;
            since = document.hidden ? 0 : performance.now();
        },
        read() {
            const now = since ? performance.now() - since : 0;
            return Math.min(LONGEST, (spent + now) / 1000);
        },
        stop() {
            document.removeEventListener("visibilitychange", onVisibility);
        },
    };
}
