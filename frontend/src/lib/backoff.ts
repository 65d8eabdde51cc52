/** Waiting before the next try. */

const FIRST_MS = 500;
const LONGEST_MS = 8000;

/** How long to wait after `failures` tries that failed one after another, with a spread so that clients do not march in step. */
export function backoffMs(failures: number, random: () => number = Math.random): number {
  const full = Math.min(FIRST_MS * 2 ** Math.max(failures - 1, 0), LONGEST_MS);
  return full * (0.75 + 0.5 * random());
}

/** Resolves after a while, at once when the network comes back; rejects when aborted. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = () => {
      clearTimeout(timer);
      window.removeEventListener("online", finish);
      signal?.removeEventListener("abort", abort);
    };
    const finish = () => {
      done();
      resolve();
    };
    const abort = () => {
      done();
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(finish, milliseconds);
    window.addEventListener("online", finish);
    signal?.addEventListener("abort", abort);
    if (signal?.aborted) abort();
  });
}
