"use client";

import { useRouter } from "next/navigation";
import { useCallback, useEffect, useRef, useState } from "react";

import { failureOf, whileTryingAgain, type Failure } from "@/lib/api/errors";
import { analysisPage } from "@/lib/names";
import { persist } from "@/lib/persist";
import { queue, useQueue } from "@/lib/session";

import { Announcer } from "./Announcer";
import { DropZone } from "./DropZone";
import { VideoCard } from "./VideoCard";

/** Where files are taken in, and watched as long as there are several. */
export function UploadPage() {
  const items = useQueue();
  const { maxBytes, problem } = useLimits();
  const take = useCallback((files: File[]) => void queue.add(files), []);
  useOpenOnceAccepted();
  return (
    <>
      <DropZone maxBytes={maxBytes} compact={items.length > 0} onFiles={take} />
      {problem !== undefined && (
        <p role="alert" className="mt-3 text-sm">
          {problem}
        </p>
      )}
      {items.length > 0 && (
        <section aria-labelledby="files" className="mt-8">
          <h2 id="files" className="eyebrow">
            Your files
          </h2>
          <ul className="mt-3 space-y-3">
            {items.map((item) => (
              <VideoCard key={item.id} item={item} />
            ))}
          </ul>
        </section>
      )}
      <Announcer items={items} />
    </>
  );
}

/** The server's limits; written nowhere else. */
function useLimits(): { maxBytes?: number; problem?: string } {
  const [limits, setLimits] = useState<{ maxBytes?: number; problem?: string }>({});
  useEffect(() => {
    const stop = new AbortController();
    const { signal } = stop;
    const onTrouble = (failure: Failure) => setLimits({ problem: whileTryingAgain(failure) });
    persist(() => queue.serverInfo(), { signal, onTrouble }).then(
      ({ maxUploadBytes }) => setLimits({ maxBytes: Number(maxUploadBytes) }),
      (error: unknown) => !signal.aborted && setLimits({ problem: failureOf(error).message }),
    );
    return () => stop.abort();
  }, []);
  return limits;
}

/** Who sent one file wants to watch it: its page opens once the server has it. Of several, all stay in view. */
function useOpenOnceAccepted(): void {
  const router = useRouter();
  const items = useQueue();
  const before = useRef(items);
  useEffect(() => {
    const [only, ...others] = items;
    const [earlier] = before.current;
    before.current = items;
    if (!only || others.length > 0 || earlier?.id !== only.id) return;
    const { analysis } = only.video;
    if (analysis !== undefined && earlier.video.analysis === undefined) router.push(analysisPage(analysis));
  }, [items, router]);
}
