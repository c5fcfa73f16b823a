// @ts-check
/** Tabs over the gallery, one a kind, with how many images each has. */

import { h } from "./dom.js";
import { newId } from "./ids.js";

/**
 * @param {{ choose: (kind: string) => void, enter: () => void }} on `enter`: into what the tab shows
 */
export function createTabs(on) {
    const prefix = `wb-${newId()}`;
    const element = h("div", { class: "wb-errors-tabs", role: "tablist", "aria-label": "Kinds", onkeydown: onKey });
    /** @type {string[]} */
    let kinds = [];
    let shown = "";

    /** @param {string} kind */
    function idOf(kind) {
        return `${prefix}-${kind}`;
    }

    function focus() {
        const tab = element.querySelector('[aria-selected="true"]');
        if (tab instanceof HTMLElement) tab.focus();
    }

    /** @param {KeyboardEvent} event */
    function onKey(event) {
        const at = kinds.indexOf(shown);
        /** @type {Record<string, number>} */
        const places = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: kinds.length - 1 };
        if (event.key === "ArrowDown") on.enter();
        else if (event.key in places) {
            on.choose(kinds[(places[event.key] + kinds.length) % kinds.length]);
            focus();
        } else return;
        event.preventDefault();
        event.stopPropagation();
    }

    return {
        element,
        focus,
        idOf,
        /**
         * @param {import("./cases.js").KindView[]} views
         * @param {string} kind whose tab is in front
         */
        show(views, kind) {
            kinds = views.map((view) => view.kind);
            shown = kind;
            element.replaceChildren(
                ...views.map((view) =>
                    h(
                        "button",
                        {
                            type: "button",
                            class: view.total ? "wb-errors-tab" : "wb-errors-tab wb-errors-none",
                            role: "tab",
                            id: idOf(view.kind),
                            tabindex: view.kind === kind ? 0 : -1,
                            "aria-selected": String(view.kind === kind),
                            onclick: () => {
                                on.choose(view.kind);
                                focus();
                            },
                        },
                        view.title,
                        h("span", { class: "wb-errors-count" }, String(view.total)),
                    ),
                ),
            );
        },
    };
}
