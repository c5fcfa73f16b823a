// @ts-check
/**
 * A label of many images at once, as a step forward and back. No DOM in here.
 *
 * @typedef {import("./outbox.js").Op} Op
 * @typedef {import("./worklist.js").Step} Step
 * @typedef {{ queue: ReturnType<typeof import("./queue.js").createQueue>,
 *             tally: ReturnType<typeof import("./tally.js").createTally>,
 *             ticks: ReturnType<typeof import("./ticks.js").createTicks> }} Parts
 */

/**
 * @param {Step} step
 * @param {Op} op
 * @param {Parts} parts
 * @returns {number} how many had no label from this page before
 */
export function takeMany(step, op, { queue, tally, ticks }) {
    const samples = new Set(op.samples);
    step.dropped = queue.items.filter((item) => samples.has(item.id));
    for (const item of step.dropped) {
        ticks.end(item.id);
        queue.drop(item.id);
    }
    step.were = tally.giveMany(op.samples, op.label);
    return firsts(step);
}

/**
 * @param {Step} step
 * @param {Op} op
 * @param {Parts} parts
 * @returns {number} how many have no label from this page now
 */
export function untakeMany(step, op, { queue, tally }) {
    for (const item of [...(step.dropped ?? [])].reverse()) queue.putFirst(item);
    tally.giveBack(op.samples, op.label, step.were ?? []);
    return firsts(step);
}

/** @param {Step} step */
function firsts({ were = [] }) {
    return were.filter((before) => before === undefined).length;
}

/**
 * A label of many that does not stand, or not for all of them.
 *
 * @param {Op} op
 * @param {any} ack
 * @param {Parts["tally"]} tally
 * @returns {{ left: number, kept: Op | null, notice: string }} `left`: how many it does not stand for;
 *     `kept`: the operation for the others, if there are any
 */
export function partly(op, ack, tally) {
    const left = ack.ok ? ack.left : op.samples;
    tally.withdraw(left, op.label);
    const samples = op.samples.filter((/** @type {string} */ id) => !left.includes(id));
    const notice = `${left.length} had been labelled meanwhile and stay as they are`;
    return { left: left.length, kept: samples.length ? { ...op, samples } : null, notice: ack.ok ? notice : ack.error };
}
