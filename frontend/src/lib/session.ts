/** What this tab has of one kind only, and keeps while the reader goes from page to page. */

import { useCallback, useEffect, useSyncExternalStore } from "react";

import { Watcher, type Watched } from "@/progress/watcher";
import { Queue, type Item } from "@/upload/queue";

import { api } from "./api/client";

export const watcher = new Watcher(api);
export const queue = new Queue(api, watcher);

const NONE: readonly Item[] = [];

/** The videos of this tab. */
export function useQueue(): readonly Item[] {
  useEffect(() => void queue.start(), []);
  return useSyncExternalStore(queue.subscribe, queue.get, () => NONE);
}

/** What is known of an analysis (`analyses/{id}`), which is followed for as long as the component lives. */
export function useWatched(analysis: string | undefined, isOpen = false): Watched {
  const subscribe = useCallback(
    (listener: () => void) => (analysis === undefined ? () => undefined : watcher.follow(analysis, listener, isOpen)),
    [analysis, isOpen],
  );
  const get = () => watcher.get(analysis ?? "");
  return useSyncExternalStore(subscribe, get, get);
}
