// @ts-check
/**
 * The gallery of errors: a tab a kind, its images in rows, the reason of the one under the hand in a
 * line below. One that is opened is labelled in the widget beneath, which is not of this page's making;
 * the gallery then shrinks to a strip that follows it.
 */

import { onLabelling } from "./around.js";
import { createCases, sampleOf } from "./cases.js";
import { h } from "./dom.js";
import { createTabs } from "./tabs.js";
import { createThumbs } from "./thumbs.js";
import { createSender } from "./transport.js";

const PICTURE = 128; // CSS pixels, at the most where there is more than one column
const ASK_STATE = 2_000; // ms between questions to a kernel that does not answer
const ASK_STATE_TIMES = 30;
const HINT = "Arrows move, Enter opens the image to label it";
const BLIND = "Of the blind test split, so nothing is suggested: labels that are corrected where the model errs flatter it.";

/**
 * @param {{ model: any, el: HTMLElement }} context
 */
function render({ model, el }) {
    const send = createSender(model);
    const thumbs = createThumbs(send, Math.ceil(PICTURE * devicePixelRatio));
    const tabs = createTabs({ choose, enter: () => cases.focus() });
    const about = h("p", { class: "wb-errors-about" });
    const cases = createCases(thumbs, { open, point: showReason, leaveUp: tabs.focus });
    const reason = h("p", { class: "wb-errors-reason", "aria-hidden": "true" });
    const back = h("button", { type: "button", class: "wb-errors-back", hidden: "", onclick: close }, "Back to the gallery", h("kbd", {}, "Esc"));
    const foot = h("div", { class: "wb-errors-foot", hidden: "" }, reason, back);
    const said = h("p", { class: "wb-errors-said", role: "status" }, "Waiting for the kernel");
    const root = h(
        "section",
        {
            class: "wb-errors",
            "aria-label": "Images to look at",
            "data-lm-suppress-shortcuts": "true", // JupyterLab's own keys stay out
            onkeydown: onKey,
        },
        tabs.element,
        about,
        cases.element,
        said,
        foot,
    );
    el.append(root);

    /** @type {import("./cases.js").KindView[]} */
    let kinds = [];
    let shown = ""; // kind
    let opened = false;
    let loaded = false;

    /** @param {string} kind */
    function choose(kind) {
        const next = kinds.find((each) => each.kind === kind);
        if (!next) return;
        if (opened) close();
        shown = kind;
        tabs.show(kinds, kind);
        const some = next.cases.length;
        const part = some < next.total ? ` The first ${some} of ${next.total}.` : "";
        about.textContent = some ? next.about + part : "";
        said.textContent = some ? "" : next.about;
        said.hidden = some > 0;
        foot.hidden = !some;
        cases.show(next);
        cases.element.setAttribute("aria-labelledby", tabs.idOf(kind));
        showReason(null);
    }

    /** @param {import("./cases.js").CaseView | null} found the image under the hand */
    function showReason(found) {
        const test = found?.test && opened ? ` · ${BLIND}` : "";
        reason.textContent = found ? `${found.name} · ${found.reason}${test}` : HINT;
        reason.title = reason.textContent;
    }

    /** @param {import("./cases.js").CaseView} found */
    function open(found) {
        setOpened(true);
        cases.point(sampleOf(found));
        send({ type: "open", kind: shown, sample: found.id });
    }

    function close() {
        setOpened(false);
        send({ type: "close" });
        cases.focus();
    }

    /** @param {boolean} on */
    function setOpened(on) {
        opened = on;
        root.classList.toggle("wb-errors-opened", on);
        back.hidden = !on;
    }

    /** @param {KeyboardEvent} event */
    function onKey(event) {
        if (event.key !== "Escape") return;
        event.preventDefault();
        event.stopPropagation();
        if (opened) close();
        else if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    }

    const stopListening = onLabelling((root, { what, sample }) => {
        if (!opened || !el.closest(".wb-errors-box")?.contains(root)) return; // it is another's
        if (what === "left") return close();
        cases.point(sample ?? "");
        root.scrollIntoView({ block: "nearest" });
    });

    /** @type {Record<string, (message: any, buffers: DataView[]) => void>} */
    const heard = {
        thumbs: thumbs.receive,
        state: onState,
        mark: ({ sample, mark }) => cases.mark(sample, mark),
        opened: ({ error }) => {
            if (!error) return;
            setOpened(false);
            reason.textContent = reason.title = error;
        },
    };

    /** @param {any} state */
    function onState(state) {
        if (loaded) return; // asked for twice: what has changed since was told
        loaded = true;
        kinds = state.kinds;
        cases.marks(state.marks);
        const first = kinds.find(({ total }) => total) ?? kinds[0];
        choose(state.opened || first.kind);
        setOpened(Boolean(state.opened)); // by this page before it was loaded anew, say
    }

    /**
     * @param {any} message
     * @param {DataView[]} buffers
     */
    function onMessage(message, buffers) {
        heard[message.type]?.(message, buffers);
    }
    model.on("msg:custom", onMessage);
    send({ type: "hello" });
    let asked = 0;
    const asking = setInterval(() => {
        if (loaded || ++asked > ASK_STATE_TIMES) return clearInterval(asking);
        send({ type: "hello" });
    }, ASK_STATE);

    return () => {
        clearInterval(asking);
        stopListening();
        model.off("msg:custom", onMessage);
        cases.destroy();
        thumbs.clear();
    };
}

export default { render };
