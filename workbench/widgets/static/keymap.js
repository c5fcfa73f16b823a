// @ts-check
/**
 * Which key does what. No DOM in here.
 *
 * A key is written as in `Shift+z` or `Ctrl+z`; Ctrl also stands for the Mac's command key. Shift
 * counts for letters only: where `?` or a digit lies differs from keyboard to keyboard.
 *
 * @typedef {{ key: string, ctrlKey: boolean, metaKey: boolean, altKey: boolean, shiftKey: boolean }} Stroke
 * @typedef {{ name: string, title: string, group: string, key: string, also?: string[],
 *             repeats?: boolean, titles?: Record<string, string>, drawn?: boolean, only?: string, masks?: boolean }} Action
 *     `titles`: another title in some tasks; `drawn`: whether it is only for tasks in which objects are
 *     drawn, or only for others; `only`: the task that has it; `masks`: whether it is for those with masks, too
 */

import { draws, worded } from "./drawing.js";

/** @type {readonly Action[]} */
export const ACTIONS = Object.freeze([
    { name: "accept", title: "Accept the suggestion", titles: { multilabel: "Done: these classes", detection: "Done: these are all", instances: "Done: these are all", keypoints: "Done: the object; then the image", segmentation: "Done: the mask is complete" }, group: "Label", key: "Space", also: ["Enter"] },
    { name: "keep", title: "Keep the label (in review)", group: "Label", key: "k", drawn: false },
    { name: "skip", title: "Skip this image", group: "Label", key: "s" },
    { name: "undo", title: "Undo", group: "Label", key: "z", also: ["Ctrl+z"] },
    { name: "redo", title: "Redo", group: "Label", key: "Shift+z", also: ["Ctrl+Shift+z", "Ctrl+y"] },
    { name: "find", title: "Find a class by name", group: "Label", key: "/" },
    { name: "newClass", title: "Add a class", group: "Label", key: "n" },
    { name: "classes", title: "Rename, merge or remove classes", group: "Label", key: "e" },
    { name: "note", title: "Write a note on the image", group: "Label", key: "t" },
    { name: "grid", title: "Many images at once", group: "Label", key: "g", drawn: false },
    { name: "fit", title: "Fit the image", group: "View", key: "f" },
    { name: "actual", title: "One pixel as one pixel", group: "View", key: "a" },
    { name: "zoomIn", title: "Zoom in", group: "View", key: "+", also: ["="], repeats: true },
    { name: "zoomOut", title: "Zoom out", group: "View", key: "-", repeats: true },
    { name: "left", title: "Look left", group: "View", key: "ArrowLeft", repeats: true },
    { name: "right", title: "Look right", group: "View", key: "ArrowRight", repeats: true },
    { name: "up", title: "Look up", group: "View", key: "ArrowUp", repeats: true },
    { name: "down", title: "Look down", group: "View", key: "ArrowDown", repeats: true },
    { name: "brighter", title: "Brighter", group: "View", key: "b", repeats: true },
    { name: "darker", title: "Darker", group: "View", key: "Shift+b", repeats: true },
    { name: "moreContrast", title: "More contrast", group: "View", key: "c", repeats: true },
    { name: "lessContrast", title: "Less contrast", group: "View", key: "Shift+c", repeats: true },
    { name: "plain", title: "Brightness and contrast as they were", group: "View", key: "x" },
    { name: "heat", title: "Show what the model looks at", group: "Model", key: "h", drawn: false },
    { name: "instant", title: "Let the model learn as you label", group: "Model", key: "i", drawn: false },
    { name: "likeThis", title: "Images like this one (in the grid)", group: "Label", key: "l", drawn: false },
    { name: "next", title: "Next box", titles: { keypoints: "Next point, then next object" }, group: "Boxes", key: "Tab", repeats: true, drawn: true },
    { name: "previous", title: "Box before", titles: { keypoints: "Point before" }, group: "Boxes", key: "Shift+Tab", repeats: true, drawn: true },
    { name: "erase", title: "Erase box or suggestion", titles: { keypoints: "Take back point, erase object", segmentation: "Take the last click back" }, group: "Boxes", key: "Delete", also: ["Backspace"], drawn: true, masks: true },
    { name: "newBox", title: "New box in the middle", titles: { keypoints: "Set a point by keys: arrows, then again" }, group: "Boxes", key: "w", drawn: true },
    { name: "copyBox", title: "Copy the box", group: "Boxes", key: "Ctrl+c", drawn: true },
    { name: "pasteBox", title: "Paste it", group: "Boxes", key: "Ctrl+v", drawn: true },
    { name: "duplicate", title: "Copy it beside itself", group: "Boxes", key: "Ctrl+d", drawn: true },
    { name: "repeatBoxes", title: "Last image's boxes again", group: "Boxes", key: "r", drawn: true },
    { name: "attributes", title: "Attributes of the box", group: "Boxes", key: "p", drawn: true },
    { name: "acceptGhost", title: "Accept suggested box", group: "Boxes", key: "v", drawn: true, masks: true },
    { name: "acceptGhosts", title: "Accept all shown", group: "Boxes", key: "Shift+v", drawn: true, masks: true },
    { name: "fewerGhosts", title: "Suggest fewer, surer", titles: { instances: "Suggest fewer; wider brush, larger patches" }, group: "Boxes", key: "]", repeats: true, drawn: true },
    { name: "moreGhosts", title: "Suggest more", titles: { instances: "Suggest more; narrower brush, smaller patches" }, group: "Boxes", key: "[", repeats: true, drawn: true },
    { name: "farLeft", title: "Move 10 px left", group: "Boxes", key: "Shift+ArrowLeft", repeats: true, drawn: true },
    { name: "farRight", title: "Move 10 px right", group: "Boxes", key: "Shift+ArrowRight", repeats: true, drawn: true },
    { name: "farUp", title: "Move 10 px up", group: "Boxes", key: "Shift+ArrowUp", repeats: true, drawn: true },
    { name: "farDown", title: "Move 10 px down", group: "Boxes", key: "Shift+ArrowDown", repeats: true, drawn: true },
    { name: "narrower", title: "Make it narrower", group: "Boxes", key: "Ctrl+ArrowLeft", repeats: true, drawn: true },
    { name: "wider", title: "Make it wider", group: "Boxes", key: "Ctrl+ArrowRight", repeats: true, drawn: true },
    { name: "lower", title: "Make it lower", group: "Boxes", key: "Ctrl+ArrowUp", repeats: true, drawn: true },
    { name: "taller", title: "Make it taller", group: "Boxes", key: "Ctrl+ArrowDown", repeats: true, drawn: true },
    { name: "turnLeft", title: "Turn it left", group: "Boxes", key: ",", repeats: true, drawn: true },
    { name: "turnRight", title: "Turn it right", group: "Boxes", key: ".", repeats: true, drawn: true },
    { name: "hole", title: "Hole in it, or another part", group: "Boxes", key: "j", drawn: true, only: "instances" },
    { name: "nextCorner", title: "Next point of its outline", group: "Boxes", key: "q", repeats: true, drawn: true, only: "instances" },
    { name: "previousCorner", title: "Point before", group: "Boxes", key: "Shift+q", repeats: true, drawn: true, only: "instances" },
    { name: "newCorner", title: "New point after this one", group: "Boxes", key: "y", drawn: true, only: "instances" },
    { name: "occluded", title: "Occluded: the point or the next one", group: "Boxes", key: "y", drawn: true, only: "keypoints" },
    { name: "absent", title: "Not there: the point or the next one", group: "Boxes", key: "j", drawn: true, only: "keypoints" },
    { name: "opacity", title: "Fainter, away, back", group: "Boxes", key: "o", drawn: true, masks: true },
    { name: "onlyClass", title: "Only this class", group: "Boxes", key: "u", drawn: true },
    { name: "crosshair", title: "Crosshair", group: "Boxes", key: "m", drawn: true },
    { name: "brush", title: "Brush", group: "Mask", key: "d", drawn: true, only: "segmentation" },
    { name: "eraser", title: "Eraser", group: "Mask", key: "r", drawn: true, only: "segmentation" },
    { name: "lasso", title: "Lasso: paint what a line encloses", group: "Mask", key: "l", drawn: true, only: "segmentation" },
    { name: "fill", title: "Fill what is alike and touches", group: "Mask", key: "i", drawn: true, only: "segmentation" },
    { name: "narrowerBrush", title: "Narrower brush", group: "Mask", key: "[", repeats: true, drawn: true, only: "segmentation" },
    { name: "widerBrush", title: "Wider brush", group: "Mask", key: "]", repeats: true, drawn: true, only: "segmentation" },
    { name: "careful", title: "Other classes stay, or are painted over", group: "Mask", key: "p", drawn: true, only: "segmentation" },
    { name: "fillHoles", title: "Fill the holes of the class", group: "Mask", key: "j", drawn: true, only: "segmentation" },
    { name: "doubt", title: "Show where the model doubts", group: "Mask", key: "u", drawn: true, only: "segmentation" },
    { name: "pressBrush", title: "Brush to the middle; paint where it is", group: "Mask", key: "w", repeats: true, drawn: true, only: "segmentation" },
    { name: "paintLeft", title: "Paint to the left", group: "Mask", key: "Shift+ArrowLeft", repeats: true, drawn: true, only: "segmentation" },
    { name: "paintRight", title: "Paint to the right", group: "Mask", key: "Shift+ArrowRight", repeats: true, drawn: true, only: "segmentation" },
    { name: "paintUp", title: "Paint upwards", group: "Mask", key: "Shift+ArrowUp", repeats: true, drawn: true, only: "segmentation" },
    { name: "paintDown", title: "Paint downwards", group: "Mask", key: "Shift+ArrowDown", repeats: true, drawn: true, only: "segmentation" },
    { name: "byHand", title: "Draw by hand", group: "Magic", key: "d", drawn: true, only: "instances" },
    { name: "outlineBrush", title: "Brush", group: "Magic", key: "Shift+d", drawn: true, only: "instances" },
    { name: "magicRegion", title: "Region of a colour, by a click", group: "Magic", key: "k", drawn: true, only: "instances", masks: true },
    { name: "magicBox", title: "Object in a box", group: "Magic", key: "g", drawn: true, only: "instances", masks: true },
    { name: "magicEdges", title: "Along edges, click by click", group: "Magic", key: "h", drawn: true, only: "instances", masks: true },
    { name: "magicPatches", title: "Patches, by a drag", group: "Magic", key: "Shift+g", drawn: true, only: "instances", masks: true },
    { name: "magicAnything", title: "Segment Anything", group: "Magic", key: "Shift+k", drawn: true, only: "instances", masks: true },
    { name: "magicOwn", title: "Next tool of your own", group: "Magic", key: "Shift+h", drawn: true, only: "instances", masks: true },
    { name: "pressAdd", title: "With a tool: joined to the selected", group: "Magic", key: "Shift+w", drawn: true, only: "instances" },
    { name: "pressAway", title: "With a tool: cut from the selected", group: "Magic", key: "Shift+x", drawn: true, only: "instances" },
    { name: "smooth", title: "Smooth its outline", titles: { segmentation: "Smooth the class" }, group: "Magic", key: "Shift+s", drawn: true, only: "instances", masks: true },
    { name: "withoutHoles", title: "Fill its holes", group: "Magic", key: "Shift+j", drawn: true, only: "instances" },
    { name: "help", title: "Show the keys", group: "Widget", key: "?" },
    { name: "leave", title: "Leave the widget", group: "Widget", key: "Escape" },
]);

const MODIFIERS = new Set(["Shift", "Control", "Alt", "Meta", "AltGraph", "CapsLock", "Dead"]);

/**
 * A key press as text; empty for a modifier alone and for what belongs to the browser (Alt).
 *
 * @param {Stroke} event
 * @returns {string}
 */
export function strokeOf({ key, ctrlKey, metaKey, altKey, shiftKey }) {
    // With AltGr a character is typed, and browsers report it as Ctrl and Alt.
    const typed = altKey && ctrlKey && key.length === 1;
    if (MODIFIERS.has(key) || (altKey && !typed)) return "";
    if (key === " ") key = "Space";
    const letter = key.length === 1 && key.toLowerCase() !== key.toUpperCase();
    const shift = shiftKey && (letter || key.length > 1) ? "Shift+" : "";
    return ((ctrlKey || metaKey) && !typed ? "Ctrl+" : "") + shift + (letter ? key.toLowerCase() : key);
}

/**
 * A key as people read it.
 *
 * @param {string} key
 */
export function spelled(key) {
    const arrows = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc" };
    return key.replace(/\b(Arrow\w+|Escape)$/, (name) => arrows[/** @type {"Escape"} */ (name)] ?? name);
}

/**
 * The key that stands for each class: the chosen one; else its own name where that is a digit, else
 * the first free one of 1 to 9 and 0; none where they are used up.
 *
 * @param {string[]} classes
 * @param {Record<string, string>} [chosen] by class name
 */
export function classKeys(classes, chosen = {}) {
    const own = (/** @type {string} */ name) => chosen[name] ?? (/^[0-9]$/.test(name) ? name : "");
    const taken = new Set(classes.map(own));
    const free = [..."1234567890"].filter((key) => !taken.has(key));
    return classes.map((name) => own(name) || (free.shift() ?? ""));
}

/** @param {string} task */
function offeredIn(task) {
    return ACTIONS.filter(({ drawn, only, masks }) => {
        if (drawn && task === "segmentation") return only === task || masks;
        return (!only || only === task) && (drawn ?? draws(task)) === draws(task);
    });
}

const SPARE = [..."qwertyuiopasdfghjklzxcvbnm"].flatMap((letter) => [letter, `Shift+${letter}`, `Ctrl+${letter}`]);

/**
 * Who hears which key.
 *
 * @param {Record<string, string>} [changed] keys by action, or by `class:<name>`
 */
export function createKeymap(changed = {}) {
    /** @type {Record<string, string>} */
    let own = { ...changed };
    let task = "classification";
    let offered = offeredIn(task);

    /** @param {Action} action */
    const keyOf = (action) => own[action.name] ?? action.key;

    const keymap = {
        get task() {
            return task;
        },
        /** @param {string} next what is labelled: it decides which actions there are */
        set task(next) {
            task = next;
            offered = offeredIn(task);
        },
        /**
         * Begin a task.
         *
         * @param {string} next
         * @param {Record<string, string>} keys that differ in it
         */
        begin(next, keys) {
            keymap.task = next;
            keymap.reset(keys);
        },
        /** The actions that the task has. */
        get actions() {
            return offered;
        },
        /** @param {Action} action */
        titleOf: (action) => action.titles?.[task] ?? worded(task, action.title),
        /** @param {Action} action */
        groupOf: (action) => worded(task, action.group),
        /** What was changed, to be kept. */
        get changed() {
            return { ...own };
        },
        /** @param {string} name of an action */
        key(name) {
            const action = ACTIONS.find((each) => each.name === name);
            return action ? keyOf(action) : "";
        },
        /** @param {string[]} classes */
        classKeys(classes) {
            const chosen = Object.entries(own).filter(([name]) => name.startsWith("class:"));
            return classKeys(classes, Object.fromEntries(chosen.map(([name, key]) => [name.slice(6), key])));
        },
        /**
         * @param {string} stroke as `strokeOf` gives it
         * @returns {Action | undefined}
         */
        actionOf(stroke) {
            if (!stroke) return undefined;
            const meant = offered.find((action) => keyOf(action) === stroke);
            return meant ?? offered.find((action) => action.also?.includes(stroke));
        },
        /**
         * Give an action another key; who had that key in the task gets the one that is free now, or any that is.
         *
         * @param {string} name
         * @param {string} key
         */
        assign(name, key) {
            const before = keymap.key(name);
            const had = offered.filter((action) => action.name !== name && keyOf(action) === key);
            own = { ...own, [name]: key };
            for (const { name: other } of had) {
                const beside = offered.filter((action) => action.name !== other).map(keyOf);
                own[other] = [before, ...SPARE].find((free) => !beside.includes(free)) ?? before;
            }
        },
        /** @param {Record<string, string>} [to] */
        reset(to = {}) {
            own = { ...to };
        },
    };
    return keymap;
}
