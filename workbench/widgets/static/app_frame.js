// @ts-check
/**
 * The FiftyOne App in a frame: asks the kernel for the address, checks that it answers, shows it,
 * and says so when the kernel has gone.
 *
 * @typedef {"loading" | "silent" | "ready" | "unreachable" | "gone"} State
 * @typedef {{ kind: "address", port: number, token: string }} Address
 * @typedef {{ root: HTMLElement, frame: HTMLIFrameElement, notice: HTMLElement }} Parts
 */

const ASK_EVERY = 1000; // ms; a kernel that runs a cell may hear only some of the questions
const SILENT_AFTER = 8000; // ms
const LOOK_EVERY = 4000; // ms
const LOOK_TIMEOUT = 3000; // ms

/** @type {Record<State, (port: number) => string>} */
const NOTICES = {
    loading: () => "Opening the FiftyOne App",
    silent: () => "The kernel has not answered yet. If it was restarted, run this cell again.",
    ready: () => "",
    unreachable: (port) =>
        `This page cannot reach port ${port} of the kernel's machine. Forward that port as well, ` +
        "or install jupyter-server-proxy beside JupyterLab, and run this cell again.",
    gone: () => "The kernel that served the FiftyOne App has ended. Run this cell again.",
};

/**
 * Where the kernel's port is reached from this page: directly on loopback, else through
 * jupyter-server-proxy under the notebook server's own address.
 *
 * @param {number} port
 * @returns {{ origin: string, prefix: string }}
 */
function server(port) {
    if (["localhost", "127.0.0.1", "[::1]"].includes(location.hostname))
        return { origin: `http://${location.hostname}:${port}`, prefix: "" };
    return { origin: location.origin, prefix: `${baseUrl()}proxy/${port}` };
}

/** The path that the notebook server lives under, with a slash at its end. */
function baseUrl() {
    const config = document.getElementById("jupyter-config-data")?.textContent;
    const base = config ? JSON.parse(config).baseUrl : document.body.dataset.baseUrl;
    return base ? new URL(base, location.href).pathname : "/";
}

/**
 * Whether the App's server answers. Another origin's answer may not be read, only noticed.
 *
 * @param {string} address
 */
async function answers(address) {
    try {
        const signal = AbortSignal.timeout(LOOK_TIMEOUT);
        const { type, status } = await fetch(address, { mode: "no-cors", cache: "no-store", signal });
        return type === "opaque" || status === 204;
    } catch {
        return false;
    }
}

/** @returns {Parts} */
function build() {
    const root = document.createElement("div");
    root.className = "workbench-app";
    const frame = document.createElement("iframe");
    frame.title = "FiftyOne App";
    frame.allow = "clipboard-write; fullscreen";
    const notice = document.createElement("p");
    notice.setAttribute("role", "status");
    root.append(frame, notice);
    return { root, frame, notice };
}

/**
 * @param {Parts} parts
 * @param {State} state
 * @param {number} [port]
 */
function show({ root, notice }, state, port = 0) {
    root.dataset.state = state;
    notice.textContent = NOTICES[state](port);
}

/** @param {{ model: any, el: HTMLElement }} context */
function render({ model, el }) {
    const parts = build();
    const { root, frame } = parts;
    const timers = new Set();
    let opened = false;
    let ended = false;
    let looking = () => Promise.resolve();

    const resize = () => (root.style.height = `${model.get("height")}px`);
    const ask = () => model.send({ kind: "hello", origin: location.origin });
    const rest = () => {
        timers.forEach(clearInterval);
        timers.clear();
    };

    /** @param {Address} message */
    async function open({ kind, port, token }) {
        if (kind !== "address" || opened) return;
        opened = true;
        rest();
        const { origin, prefix } = server(port);
        const base = `${prefix}/t/${token}/`;
        const alive = `${origin}${base}alive`;
        if (!(await answers(alive))) return show(parts, "unreachable", port);
        if (ended) return;
        frame.addEventListener("load", () => show(parts, "ready"), { once: true });
        frame.src = `${origin}${base}?proxy=${base}`;
        looking = () => look(alive);
        timers.add(setInterval(() => document.hidden || looking(), LOOK_EVERY));
    }

    /** @param {string} alive */
    async function look(alive) {
        // Twice: a laptop that wakes up may fail once.
        if (ended || (await answers(alive)) || (await answers(alive)) || ended) return;
        rest();
        frame.remove(); // or the App would keep asking for its server
        show(parts, "gone");
    }

    const lookNow = () => looking();
    model.on("msg:custom", open);
    model.on("change:height", resize);
    model.on("comm_live_update", lookNow); // the kernel was restarted, or the page reconnected

    resize();
    show(parts, "loading");
    el.append(root);
    ask();
    timers.add(setInterval(ask, ASK_EVERY));
    timers.add(setTimeout(() => show(parts, "silent"), SILENT_AFTER));

    return () => {
        ended = true;
        rest();
        model.off("msg:custom", open);
        model.off("change:height", resize);
        model.off("comm_live_update", lookNow);
    };
}

export default { render };
