/** Operations on their way: kept, sent, sent again until they are acknowledged. */

import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { openOutbox } from "../../workbench/widgets/static/outbox.js";
import { createSaving } from "../../workbench/widgets/static/saving.js";
import { createSender } from "../../workbench/widgets/static/transport.js";

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Saving with everything around it; without a database of the browser the outbox is in memory. */
async function createHand() {
    const outbox = await openOutbox();
    const sent = [];
    const shown = [];
    const work = { unsaved: 0 };
    const bar = { showSaved: (state, unsaved) => shown.push([state, unsaved]) };
    const saving = createSaving((message) => sent.push(message.op.id), outbox, work, bar);
    return { outbox, sent, shown, work, saving };
}

test("the outbox gives back a dataset's operations in order, and only what is not settled", async () => {
    const outbox = await openOutbox();
    for (const id of ["a", "b", "c"]) await outbox.add("one", { id, kind: "label" });
    await outbox.add("other", { id: "d", kind: "skip" });
    await outbox.remove("b");
    await outbox.remove("nobody's");
    assert.deepEqual((await outbox.all("one")).map(({ id }) => id), ["a", "c"]);
    assert.deepEqual((await outbox.all("other")).map(({ id }) => id), ["d"]);
});

test("what is not answered is said, and sent again in order until it is", async () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    const { sent, shown, work, saving } = await createHand();
    await saving.begin("digits", () => {});
    for (const id of ["a", "b"]) {
        work.unsaved += 1;
        saving.post({ id, kind: "label" });
    }
    assert.deepEqual(shown.at(-1), ["saving", 2]);
    mock.timers.tick(3_999);
    assert.deepEqual(sent, ["a", "b"]);
    mock.timers.tick(1);
    await settled();
    assert.deepEqual(shown.at(-1), ["waiting", 2]);
    assert.deepEqual(sent, ["a", "b", "a", "b"]);

    work.unsaved = 1;
    await saving.settle("a");
    saving.expect();
    mock.timers.tick(8_000);
    await settled();
    assert.ok(!sent.slice(4).includes("a"), "what is on disk is not sent again");
    assert.ok(sent.slice(4).includes("b"));

    work.unsaved = 0;
    await saving.settle("b");
    saving.expect();
    assert.deepEqual(shown.at(-1), ["saved", 0]);
    const count = sent.length;
    mock.timers.tick(60_000);
    await settled();
    assert.equal(sent.length, count, "then it is quiet");
    mock.timers.reset();
});

test("what an earlier page has kept is adopted and sent, once and in order", async () => {
    const { outbox, sent, saving } = await createHand();
    for (const id of ["a", "b"]) await outbox.add("digits", { id, kind: "label" });
    await outbox.add("others", { id: "c", kind: "label" });
    const adopted = [];
    assert.equal(await saving.begin("digits", ({ id }) => adopted.push(id)), 2);
    assert.deepEqual([adopted, sent], [["a", "b"], ["a", "b"]]);
});

test("a message goes by the comm, or by control where only that is heard, and never throws", () => {
    const model = (traits, kernel) => {
        const sent = [];
        return { sent, get: (name) => traits[name], send: (message) => sent.push(message), widget_manager: { kernel } };
    };
    const plain = model({ _control: false }, {});
    createSender(plain)({ type: "hello" });
    assert.deepEqual(plain.sent, [{ type: "hello" }]);

    const frames = [];
    const kernel = { clientId: "me", sendControlMessage: (frame) => frames.push(frame) };
    const older = model({ _control: true, _comm_id: "comm" }, kernel);
    createSender(older)({ type: "hello" });
    assert.deepEqual([older.sent, frames[0].channel, frames[0].header.msg_type], [[], "control", "comm_msg"]);
    assert.deepEqual(frames[0].content, { comm_id: "comm", data: { method: "custom", content: { type: "hello" } } });

    const withoutControl = model({ _control: true }, {});
    createSender(withoutControl)({ type: "hello" });
    assert.deepEqual(withoutControl.sent, [{ type: "hello" }]);
    createSender({ get: () => false, send: () => { throw new Error("disposed"); } })({ type: "hello" });
});
