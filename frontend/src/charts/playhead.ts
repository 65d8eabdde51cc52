/** One place in the video that the player, the timeline and all charts share. */

import { createContext, useContext, useSyncExternalStore } from "react";

export class Playhead {
  #time: number | null = null;
  #hover: number | null = null;
  #seeker: ((t: number) => void) | null = null;
  readonly #listeners = new Set<() => void>();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Where the video is, seconds on its own clock; null while there is none. */
  readonly time = (): number | null => this.#time;

  /** Where the reader points to, else where the video is. */
  readonly cursor = (): number | null => this.#hover ?? this.#time;

  /** The player says where it is. */
  moved(t: number | null): void {
    this.#time = t;
    this.#tell();
  }

  /** The pointer is at a time of some chart; null when it left. */
  point(t: number | null): void {
    this.#hover = t;
    this.#tell();
  }

  /** Goes to a time: in the player where there is one, else only the mark moves. */
  seek(t: number): void {
    if (this.#seeker) this.#seeker(t);
    else this.moved(t);
  }

  /** The player offers to seek, until the function it gets back is called. */
  drivenBy(seeker: (t: number) => void): () => void {
    this.#seeker = seeker;
    // What was chosen before there was a player.
    if (this.#time !== null) seeker(this.#time);
    return () => {
      this.#seeker = null;
    };
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

const PlayheadContext = createContext<Playhead>(new Playhead());

export const PlayheadProvider = PlayheadContext.Provider;

export function usePlayhead(): Playhead {
  return useContext(PlayheadContext);
}

/** Where the reader points to or the video is; draws anew whenever it moves. */
export function useCursor(): number | null {
  const playhead = usePlayhead();
  return useSyncExternalStore(playhead.subscribe, playhead.cursor, () => null);
}

/** Where the video is; draws anew whenever it moves. */
export function useVideoTime(): number | null {
  const playhead = usePlayhead();
  return useSyncExternalStore(playhead.subscribe, playhead.time, () => null);
}
