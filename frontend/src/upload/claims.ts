/** Which tab sends what: two tabs of one browser share its memory, and must not send the same file twice. */

const PREFIX = "notreally.video.";
const TRIES = 4;
const BETWEEN_MS = 400;

/**
 * Takes a video for this tab, until `release` is called or the tab is closed; undefined when another tab has it.
 *
 * A tab that is being reloaded may hold its claims for a moment longer, hence the tries.
 */
export async function claim(id: string): Promise<(() => void) | undefined> {
  // Locks exist only on HTTPS and localhost. Without them two tabs may do the same work; the server takes it.
  const locks = navigator.locks as LockManager | undefined;
  if (!locks) return () => undefined;
  for (let tried = 0; tried < TRIES; tried++) {
    const release = await attempt(locks, id);
    if (release) return release;
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS));
  }
  return undefined;
}

function attempt(locks: LockManager, id: string): Promise<(() => void) | undefined> {
  return new Promise((resolve) => {
    void locks.request(PREFIX + id, { ifAvailable: true }, (lock) => {
      if (!lock) {
        resolve(undefined);
        return undefined;
      }
      return new Promise<void>((release) => resolve(release));
    });
  });
}
