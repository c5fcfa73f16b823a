// @ts-check
/** A strip of small pictures: the most similar labelled images of one, or examples of a class. */

import { h } from "./dom.js";
import { captionOf } from "./values.js";

/** @typedef {{ id: string, label: import("./values.js").Label, similarity: number }} Neighbour */

/**
 * @param {HTMLElement} parent
 * @param {ReturnType<typeof import("./thumbs.js").createThumbs>} thumbs
 */
export function createNeighbours(parent, thumbs) {
    const row = h("div", { class: "wb-near", role: "list", hidden: "" });
    parent.append(row);
    let shown = "";

    return {
        /** @param {Neighbour[]} neighbours */
        show(neighbours) {
            const key = neighbours.map(({ id, label }) => `${id} ${captionOf(label)}`).join();
            if (key === shown) return; // they must not flicker at every refresh
            shown = key;
            row.hidden = !neighbours.length;
            row.replaceChildren(...neighbours.map(draw));
        },
    };

    /** @param {Neighbour} neighbour */
    function draw({ id, label, similarity }) {
        const picture = h("img", { alt: "", width: 38, height: 38 });
        thumbs.want(id, (address) => address && picture.setAttribute("src", address));
        const caption = captionOf(label);
        const title = caption && `${caption}, likeness ${similarity.toFixed(2)}`;
        return h("figure", { role: "listitem", title }, picture, h("figcaption", {}, caption));
    }
}
