/** What this browser remembers of videos under way, so that a reload goes on with them. */

const PREFIX = "notreally.video.";

/** The server forgets unfinished uploads sooner or later; so do we. */
const LONGEST_MS = 7 * 24 * 3600 * 1000;

export interface Remembered {
  id: string;
  filename: string;
  size: number;
  /** See fingerprint.ts; empty until it is known. */
  fingerprint: string;
  upload?: string;
  analysis?: string;
  paused?: boolean;
  cancelling?: boolean;
  /** `batches/{id}` it belongs to. */
  batch?: string;
  sinceMs: number;
}

/** Remembers, or remembers anew. */
export function remember(entry: Remembered): void {
  try {
    localStorage.setItem(PREFIX + entry.id, JSON.stringify(entry));
  } catch {
    // Storage is full or switched off: a reload then has to begin again, and nothing else suffers.
  }
}

export function forget(id: string): void {
  try {
    localStorage.removeItem(PREFIX + id);
  } catch {
    // As above.
  }
}

/** All that is remembered, oldest first. */
export function remembered(nowMs: number): Remembered[] {
  const entries: Remembered[] = [];
  try {
    for (const key of Object.keys(localStorage)) {
      if (!key.startsWith(PREFIX)) continue;
      const entry = parsed(localStorage.getItem(key));
      if (entry && nowMs - entry.sinceMs < LONGEST_MS) entries.push(entry);
      else localStorage.removeItem(key);
    }
  } catch {
    return [];
  }
  return entries.sort((one, other) => one.sinceMs - other.sinceMs);
}

function parsed(text: string | null): Remembered | undefined {
  try {
    const entry = JSON.parse(text ?? "") as Partial<Remembered> | null;
    const whole = typeof entry?.id === "string" && typeof entry.filename === "string";
    return whole && typeof entry.size === "number" && typeof entry.sinceMs === "number" ? (entry as Remembered) : undefined;
  } catch {
    return undefined;
  }
}
