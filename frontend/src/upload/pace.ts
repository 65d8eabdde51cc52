/** How large the next chunk is: small enough that the bar moves, large enough that the line is used. */

const SMALLEST = 64 * 1024;
const FIRST = 256 * 1024;
// Whatever the server takes: what is sent is copied several times on its way out, and freed when the browser sees fit.
const LARGEST = 1024 * 1024;
const FAST_MS = 250;
const SLOW_MS = 1000;

export function firstChunkBytes(maxBytes: number): number {
  return Math.min(FIRST, maxBytes);
}

/** After a chunk of `bytes` took `tookMs`. */
export function nextChunkBytes(bytes: number, tookMs: number, maxBytes: number): number {
  if (tookMs < FAST_MS) return Math.min(bytes * 2, maxBytes, LARGEST);
  if (tookMs > SLOW_MS) return Math.max(Math.floor(bytes / 2), Math.min(SMALLEST, maxBytes));
  return bytes;
}
