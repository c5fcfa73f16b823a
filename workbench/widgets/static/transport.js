// @ts-check
/** Messages to the kernel, over whichever channel hears them while a cell runs. */

import { newId } from "./ids.js";

/**
 * @param {any} model the anywidget model
 * @returns {(message: Record<string, any>) => void} never throws: a kernel that has gone does not
 *     answer, which is noticed elsewhere
 */
export function createSender(model) {
    return (message) => {
        try {
            const kernel = model.get("_control") ? model.widget_manager?.kernel : null;
            if (kernel?.sendControlMessage)
                kernel.sendControlMessage(onControl(model, kernel, message));
            else model.send(message);
        } catch {
            return; // what matters is kept and sent again
        }
    };
}

/**
 * A comm message as the kernel's control channel takes it.
 *
 * @param {any} model
 * @param {any} kernel
 * @param {Record<string, any>} message
 */
function onControl(model, kernel, message) {
    return {
        channel: "control",
        header: {
            msg_id: newId(),
            msg_type: "comm_msg",
            session: kernel.clientId,
            username: kernel.username ?? "",
            date: new Date().toISOString(),
            version: "5.3",
        },
        parent_header: {},
        metadata: {},
        content: {
            comm_id: model.get("_comm_id"),
            data: { method: "custom", content: message },
        },
        buffers: [],
    };
}
