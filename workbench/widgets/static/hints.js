// @ts-check
/** What the model looks at, or doubts, asked of the kernel image by image while it is wanted. */

/**
 * @param {HTMLElement} tool
 * @param {(message: Record<string, any>) => void} send
 */
export function createHints(tool, send) {
    let shown = false;
    let note = "";

    /** @param {{ id: string, hints: boolean } | null} item on screen */
    function ask(item) {
        note = "";
        if (!shown || !item) return;
        if (!item.hints) {
            note = "No hint on this one: it keeps the estimates honest.";
        } else {
            note = "Asking the model"; // the first time, it has to be loaded
            send({ type: "heat", sample: item.id });
        }
    }

    return {
        get shown() {
            return shown;
        },
        get note() {
            return note;
        },
        ask,
        /** @param {{ id: string, hints: boolean } | null} item on screen */
        toggle(item) {
            shown = !shown;
            tool.setAttribute("aria-pressed", String(shown));
            ask(item);
        },
        /** @param {any} message about the image on screen */
        receive({ note: said, error }) {
            note = error ?? (said || "No model to ask yet: bench.pick() makes one.");
        },
    };
}
