/** Making a call for as long as it takes. */

import { failureOf, type Failure } from "./api/errors";
import { backoffMs, pause } from "./backoff";

export interface Persistence {
  signal: AbortSignal;
  /** Called when a try failed and another will follow. */
  onTrouble: (failure: Failure) => void;
}

/** Makes a call until it gets an answer; that the server is full is none. */
export async function persist<T>(call: () => Promise<T>, { signal, onTrouble }: Persistence): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await call();
    } catch (error) {
      signal.throwIfAborted();
      const failure = failureOf(error);
      if (!failure.transient) throw error;
      onTrouble(failure);
      await pause(backoffMs(failures), signal);
    }
  }
}
