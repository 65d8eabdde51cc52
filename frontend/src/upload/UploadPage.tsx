"use client";

import Link from "next/link";
import { useRouter } from "next/navigation";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";

import { failureOf, whileTryingAgain, type Failure } from "@/lib/api/errors";
import { analysisPage, batchPage } from "@/lib/names";
import { persist } from "@/lib/persist";
import { queue, useQueue } from "@/lib/session";

import { Announcer } from "./Announcer";
import { objection } from "./checks";
import { DropZone } from "./DropZone";
import { privacyInWords } from "./privacy";
import type { Item } from "./queue";
import { isSending } from "./video";
import { VideoCard } from "./VideoCard";

/** Where files are taken in, and watched as long as there are several. */
export function UploadPage() {
  const items = useQueue();
  const { maxBytes, privacy, problem } = useServer();
  const { take, trouble } = useTake();
  // Those of a batch are in its table.
  const single = useMemo(() => items.filter(({ batch }) => batch === undefined), [items]);
  useOpenOnceAccepted();
  return (
    <>
      <DropZone maxBytes={maxBytes} compact={items.length > 0} onFiles={take} />
      {/* Its place is kept until the server has said what to say. */}
      <p className="mt-3 min-h-16 text-sm text-quiet sm:min-h-10">{privacy?.join(" ")}</p>
      {(trouble ?? problem) !== undefined && (
        <p role="alert" className="mt-3 text-sm">
          {trouble ?? problem}
        </p>
      )}
      <BatchLines items={items} />
      {single.length > 0 && (
        <section aria-labelledby="files" className="mt-8">
          <h2 id="files" className="eyebrow">
            Your files
          </h2>
          <ul className="mt-3 space-y-3">
            {single.map((item) => (
              <VideoCard key={item.id} item={item} />
            ))}
          </ul>
        </section>
      )}
      <Announcer items={single} />
    </>
  );
}

/** More files than these, or a folder, become a batch. */
const FEW = 5;

/** Takes files in; of many, the page of their batch opens. */
function useTake() {
  const router = useRouter();
  const [trouble, setTrouble] = useState<string>();
  const take = useCallback(
    (files: File[], folder?: string) => {
      if (files.length <= FEW && folder === undefined) return void queue.add(files);
      // Of a folder, what is no video is passed over rather than complained of.
      const wanted = folder === undefined ? files : files.filter((file) => objection(file, undefined) === undefined);
      if (wanted.length === 0) return setTrouble("There is no video or sound file in this folder.");
      const begin = async () => {
        const { batches } = await import("@/lib/api/batches");
        const { name } = await batches().createBatch({ displayName: folder?.slice(0, 150) ?? `${wanted.length} files`, expected: wanted.length });
        void queue.add(wanted, name);
        router.push(batchPage(name));
      };
      begin().catch((error: unknown) => setTrouble(failureOf(error).message));
    },
    [router],
  );
  return { take, trouble };
}

/** How far the files of batches are on their way. */
function BatchLines({ items }: { items: readonly Item[] }) {
  const names = new Set(items.map(({ batch }) => batch).filter((batch) => batch !== undefined));
  return (
    <ul className="mt-6 space-y-2 empty:hidden">
      {Array.from(names, (name) => {
        const own = items.filter(({ batch }) => batch === name);
        const sent = own.filter(({ video }) => !isSending(video)).length;
        return (
          <li key={name} className="panel flex flex-wrap items-center justify-between gap-3 px-4 py-3">
            <p>
              {sent} of {own.length} files sent
            </p>
            <Link href={batchPage(name)} prefetch={false} className="button">
              Open the batch
            </Link>
          </li>
        );
      })}
    </ul>
  );
}

interface Server {
  maxBytes?: number;
  privacy?: string[];
  problem?: string;
}

/** What the server says of itself: limits, and what becomes of files. Written nowhere else. */
function useServer(): Server {
  const [server, setServer] = useState<Server>({});
  useEffect(() => {
    const stop = new AbortController();
    const { signal } = stop;
    const onTrouble = (failure: Failure) => setServer({ problem: whileTryingAgain(failure) });
    persist(() => queue.serverInfo(), { signal, onTrouble }).then(
      (info) => setServer({ maxBytes: Number(info.maxUploadBytes), privacy: privacyInWords(info) }),
      (error: unknown) => !signal.aborted && setServer({ problem: failureOf(error).message }),
    );
    return () => stop.abort();
  }, []);
  return server;
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
