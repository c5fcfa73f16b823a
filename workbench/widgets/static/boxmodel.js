// @ts-check
/**
 * The boxes of the image on screen as a hand has them before it: which one is selected, what the model
 * suggests beside them, what was copied. It makes changes and applies none of them: the image's boxes
 * are those of the worklist. No DOM in here.
 *
 * @typedef {import("./boxgeometry.js").PlainBox} PlainBox
 * @typedef {import("./boxgeometry.js").Point} Point
 * @typedef {import("./boxgeometry.js").Size} Size
 * @typedef {import("./drawing.js").Change} Change
 * @typedef {PlainBox & { instead?: string, reason?: string }} Ghost `instead`: id of the box whose place it would
 *     take; `reason`: what speaks for it
 * @typedef {{ boxes: Ghost[], model: string, threshold: number }} Ghosts what a model suggests
 */

import { around, handleAt, holds, moved, overlap } from "./boxgeometry.js";

const SAME_PLACE = 0.6; // intersection over union with a box, from which a suggestion is met
const BESIDE = 10; // pixels of the image between a box and its copy
const SAME = 0.99; // intersection over union with the box that a suggestion is to change, which is then done
const SURE_ENOUGH = 0.5;

/**
 * A box without what only suggestions have.
 *
 * @param {Ghost} box
 * @returns {PlainBox}
 */
function bare({ confidence: _, instead: __, reason: ___, ...box }) {
    return box;
}

/** @param {() => string} newBoxId */
export function createBoxModel(newBoxId) {
    /** @type {PlainBox[]} */
    let boxes = [];
    /** @type {Size} */
    let image = { width: 1, height: 1 };
    /** @type {Ghosts | null} */
    let suggested = null;
    /** @type {Ghost[]} of those suggested, what is sure enough and not met by a box */
    let ghosts = [];
    /** @type {number | null} what the person chose */
    let threshold = null;
    /** @type {Map<string, string>} boxes that suggestions became, by suggestion */
    const taken = new Map();
    /** @type {Set<string>} suggestions that were waved away */
    const waved = new Set();
    /** @type {PlainBox | null} */
    let copied = null;
    let selected = "";
    let only = ""; // the class that is shown
    let version = 0;

    function findGhosts() {
        const there = new Set(boxes.map((box) => box.id));
        const places = boxes.map((box) => around(box, image));
        ghosts = (suggested?.boxes ?? []).filter((ghost) => {
            if ((ghost.confidence ?? 1) < model.threshold || waved.has(ghost.id)) return false;
            if (there.has(taken.get(ghost.id) ?? "")) return false;
            const place = around(ghost, image);
            const doubted = model.doubtedBy(ghost);
            if (doubted && ghost.outline) return doubted.label !== ghost.label || `${doubted.outline}` !== `${ghost.outline}`;
            if (doubted) return doubted.label !== ghost.label || overlap(place, around(doubted, image)) < SAME;
            return !places.some((other) => overlap(place, other) >= SAME_PLACE);
        });
        version += 1;
    }

    /** @param {PlainBox} box */
    const isShown = (box) => !only || box.label === only;

    /** @param {PlainBox} box */
    function copyOf(box) {
        return { ...bare(box), id: newBoxId() };
    }

    /**
     * Copies, without those that would lie exactly on a box of their class.
     *
     * @param {readonly PlainBox[]} originals
     * @returns {Change[]}
     */
    function copies(originals) {
        const spot = (/** @type {PlainBox} */ box) =>
            [box.label, box.x, box.y, box.width, box.height, box.angle ?? 0, box.outline ?? box.points ?? ""].join();
        const there = new Set(boxes.map(spot));
        return originals.filter((box) => !there.has(spot(box))).map((box) => ({ before: null, after: copyOf(box) }));
    }

    const model = {
        get boxes() {
            return boxes;
        },
        get image() {
            return image;
        },
        get ghosts() {
            return ghosts;
        },
        /** Grows with everything that is to be seen. */
        get version() {
            return version;
        },
        /** The name of the model that suggests. */
        get suggestedBy() {
            return suggested ? suggested.model : "";
        },
        get suggests() {
            return Boolean(suggested?.boxes.length);
        },
        /** Whether all that is suggested is to be seen, however sure the model is. */
        get suggestsAll() {
            return suggested?.threshold === 0;
        },
        /** What speaks for the suggestion that is selected; empty for a box. */
        get reason() {
            return ghosts.find((ghost) => ghost.id === selected)?.reason ?? "";
        },
        /**
         * The box whose place a suggestion would take.
         *
         * @param {Ghost} ghost
         */
        doubtedBy: ({ instead }) => (instead ? boxes.find(({ id }) => id === instead) : undefined),
        get threshold() {
            return threshold ?? suggested?.threshold ?? SURE_ENOUGH;
        },
        /** @param {number} next from which confidence on boxes are suggested */
        set threshold(next) {
            threshold = Math.round(100 * Math.min(0.99, Math.max(0.01, next))) / 100;
            findGhosts();
        },
        /** @returns {PlainBox | null} a box or a suggestion */
        get selected() {
            return [boxes, ghosts].flatMap((each) => each.find((box) => box.id === selected) ?? [])[0] ?? null;
        },
        /** @param {PlainBox | null} box */
        set selected(box) {
            selected = box?.id ?? "";
            if (box && !isShown(box)) only = "";
            version += 1;
        },
        /** @param {PlainBox} box */
        isGhost: (box) => !boxes.some(({ id }) => id === box.id),
        get only() {
            return only;
        },
        /** @param {string} name of the class whose boxes are shown; empty shows all */
        set only(name) {
            only = name;
            if (model.selected && !isShown(model.selected)) selected = "";
            version += 1;
        },
        get shown() {
            return only ? boxes.filter(isShown) : boxes;
        },
        get shownGhosts() {
            return only ? ghosts.filter(isShown) : ghosts;
        },
        get copied() {
            return copied;
        },

        /**
         * Take in what the worklist has now.
         *
         * @param {PlainBox[]} next
         * @param {Size} size of the image, in pixels
         * @param {Ghosts | null} suggestion
         */
        show(next, size, suggestion) {
            const same = size.width === image.width && size.height === image.height;
            if (next === boxes && suggestion === suggested && same) return;
            [boxes, image, suggested] = [next, { width: size.width, height: size.height }, suggestion];
            findGhosts();
        },
        /** Another image comes. */
        leave() {
            selected = "";
            taken.clear();
            waved.clear();
        },

        /**
         * What lies under a point: the selected box first, then the smallest.
         *
         * @param {Point} point
         * @param {number} reach pixels of the image within which a handle or an edge is meant
         * @param {number} away of the turning handle
         * @returns {{ box: PlainBox, handle: import("./boxgeometry.js").Handle | null } | null}
         */
        at(point, reach, away) {
            const own = model.selected;
            const handle = own && handleAt(own, image, point, reach, away);
            if (own && handle) return { box: own, handle };
            /** @type {PlainBox | null} */
            let found = null;
            for (const box of [...model.shownGhosts, ...model.shown])
                if (holds(box, image, point) && (!found || box.width * box.height <= found.width * found.height)) found = box;
            if (own && found && own !== found && holds(own, image, point) && own.width * own.height <= found.width * found.height)
                found = own;
            return found && { box: found, handle: found === own ? null : edgeOf(found, point, reach) };
        },

        /**
         * The next box or suggestion in reading order, or the one before.
         *
         * @param {1 | -1} by
         */
        step(by) {
            const all = [...model.shown, ...model.shownGhosts].toSorted((a, b) => a.y + a.height / 2 - b.y - b.height / 2 || a.x - b.x);
            const at = all.findIndex((box) => box.id === selected);
            const next = at < 0 ? (by > 0 ? 0 : all.length - 1) : (at + by + all.length) % all.length;
            model.selected = all[next] ?? null;
        },

        /** @returns {Change[]} without the selected box; a suggestion goes without a change */
        erase() {
            const box = model.selected;
            if (!box) return [];
            const ghost = model.isGhost(box);
            if (ghost) waved.add(box.id);
            selected = "";
            findGhosts();
            return ghost ? [] : [{ before: box, after: null }];
        },

        /**
         * The selected box as it is to be. A suggestion becomes a box by it, or takes a box's place.
         *
         * @param {PlainBox} box as it is
         * @param {PlainBox} next with the same id
         * @returns {Change}
         */
        change(box, next) {
            if (!model.isGhost(box)) return { before: box, after: next };
            const before = model.doubtedBy(box);
            if (before) {
                selected = before.id;
                const attributes = before.attributes && { attributes: before.attributes };
                return { before, after: { ...bare(next), ...attributes, id: before.id } };
            }
            const own = copyOf(next);
            taken.set(box.id, own.id);
            selected = own.id;
            return { before: null, after: own };
        },

        /**
         * @param {readonly PlainBox[]} accepted suggestions; of several for one place the first
         * @returns {Change[]}
         */
        accept(accepted) {
            const first = accepted.filter((ghost, index) => {
                const doubted = model.doubtedBy(ghost);
                return !doubted || accepted.findIndex((other) => model.doubtedBy(other) === doubted) === index;
            });
            return first.map((ghost) => model.change(ghost, ghost));
        },

        copy() {
            copied = model.selected ?? copied;
        },
        /** @returns {Change[]} with what was copied; beside itself, where it is on the same image */
        paste() {
            if (!copied) return [];
            const [change] = copies([copied]);
            return change ? [change] : model.beside(copied);
        },
        /**
         * @param {PlainBox} box
         * @returns {Change[]} with a copy beside it
         */
        beside(box) {
            const by = { x: BESIDE, y: BESIDE };
            const further = moved(box, image, by, { reach: 0 });
            const back = moved(box, image, { x: -BESIDE, y: -BESIDE }, { reach: 0 });
            return [further, back].map((each) => copies([each])).find((each) => each.length) ?? [];
        },
        repeat: copies,
    };

    /**
     * @param {PlainBox} box
     * @param {Point} point
     * @param {number} reach
     */
    function edgeOf(box, point, reach) {
        const handle = handleAt(box, image, point, reach, Infinity);
        return handle?.turn ? null : handle;
    }
    return model;
}
