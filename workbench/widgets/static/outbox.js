// @ts-check
/**
 * Operations that the kernel has not acknowledged, kept in the browser's own database, so that a
 * reload, a dead kernel or a lost connection loses none of them.
 *
 * @typedef {{ id: string, kind: string, [key: string]: any }} Op
 * @typedef {{
 *   add: (dataset: string, op: Op) => Promise<void>,
 *   remove: (id: string) => Promise<void>,
 *   all: (dataset: string) => Promise<Op[]>,
 * }} Outbox
 */

const DATABASE = "workbench";
const STORE = "unacknowledged";

/** @returns {Promise<IDBDatabase>} */
function openDatabase() {
    return new Promise((resolve, reject) => {
        const request = indexedDB.open(DATABASE, 1);
        request.onupgradeneeded = () => {
            const store = request.result.createObjectStore(STORE, { autoIncrement: true });
            store.createIndex("dataset", "dataset");
            store.createIndex("id", "op.id");
        };
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
    });
}

/**
 * @param {IDBTransaction} transaction
 * @returns {Promise<void>}
 */
function finished(transaction) {
    return new Promise((resolve, reject) => {
        transaction.oncomplete = () => resolve();
        transaction.onerror = () => reject(transaction.error);
        transaction.onabort = () => reject(transaction.error);
    });
}

/**
 * The outbox of this browser; where it has no database (private windows of some), one in memory.
 *
 * @returns {Promise<Outbox>}
 */
export async function openOutbox() {
    try {
        return storedOutbox(await openDatabase());
    } catch {
        return memoryOutbox();
    }
}

/**
 * @param {IDBDatabase} database
 * @returns {Outbox}
 */
function storedOutbox(database) {
    return {
        async add(dataset, op) {
            const transaction = database.transaction(STORE, "readwrite", { durability: "strict" });
            transaction.objectStore(STORE).add({ dataset, op });
            await finished(transaction);
        },
        async remove(id) {
            const transaction = database.transaction(STORE, "readwrite");
            const cursor = transaction.objectStore(STORE).index("id").openCursor(id);
            cursor.onsuccess = () => {
                cursor.result?.delete();
                cursor.result?.continue();
            };
            await finished(transaction);
        },
        async all(dataset) {
            const transaction = database.transaction(STORE);
            const request = transaction.objectStore(STORE).index("dataset").getAll(dataset);
            await finished(transaction);
            return request.result.map((entry) => entry.op); // in the order they were added
        },
    };
}

/** @returns {Outbox} */
function memoryOutbox() {
    /** @type {{ dataset: string, op: Op }[]} */
    let entries = [];
    return {
        async add(dataset, op) {
            entries.push({ dataset, op });
        },
        async remove(id) {
            entries = entries.filter((entry) => entry.op.id !== id);
        },
        async all(dataset) {
            return entries.filter((entry) => entry.dataset === dataset).map((entry) => entry.op);
        },
    };
}
