/**
 * Files on their way to the server, kept in the browser's own database, so that a reload need not ask for them again.
 *
 * Only while they are being sent, and only up to a size: what is larger has to be picked again after a reload.
 */

const DATABASE = "notreally";
const STORE = "files";

export const LARGEST_KEPT_BYTES = 500_000_000;

/** Keeps a file. Says whether it could. */
export async function keepFile(id: string, file: File): Promise<boolean> {
  if (file.size > LARGEST_KEPT_BYTES) return false;
  return (await inStore("readwrite", (store) => store.put(file, id))) !== undefined;
}

export async function keptFile(id: string): Promise<File | undefined> {
  const file: unknown = await inStore("readonly", (store) => store.get(id));
  return file instanceof File ? file : undefined;
}

export async function dropFile(id: string): Promise<void> {
  await inStore("readwrite", (store) => store.delete(id));
}

/** Drops what nobody remembers, as after a tab that crashed. */
export async function dropAllBut(ids: ReadonlySet<string>): Promise<void> {
  const keys = (await inStore("readonly", (store) => store.getAllKeys())) ?? [];
  for (const key of keys) {
    if (typeof key === "string" && !ids.has(key)) await dropFile(key);
  }
}

/** Does one thing with the store; undefined when there is no database, or no room in it. */
async function inStore<T>(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<T>): Promise<T | undefined> {
  try {
    const database = await open();
    try {
      const transaction = database.transaction(STORE, mode);
      const result = await outcome(act(transaction.objectStore(STORE)));
      await committed(transaction);
      return result;
    } finally {
      database.close();
    }
  } catch {
    return undefined;
  }
}

function open(): Promise<IDBDatabase> {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  return outcome(request);
}

function outcome<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("The browser's database failed."));
  });
}

function committed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = transaction.onerror = () => reject(transaction.error ?? new Error("No room."));
  });
}
