"use client";

import { useEffect, useRef, useState } from "react";

import { formatPercent } from "@/lib/format";

import type { Item } from "./queue";
import { isAnalysing } from "./video";

/** Says aloud, to screen readers, what changes; bars alone would have to be asked. */
export function Announcer({ items }: { items: readonly Item[] }) {
  const [said, setSaid] = useState("");
  const before = useRef<ReadonlyMap<string, string>>(new Map());
  useEffect(() => {
    const now = new Map(items.map((item) => [item.id, sentence(item)]));
    const news = [...now].filter(([id, text]) => before.current.get(id) !== text).map(([, text]) => text);
    before.current = now;
    if (news.length > 0) setSaid(news.join(" "));
  }, [items]);
  return (
    <p role="status" className="sr-only">
      {said}
    </p>
  );
}

function sentence({ filename, size, video }: Item): string {
  if (video.cancelling && isAnalysing(video)) return `${filename} is being cancelled.`;
  switch (video.phase) {
    case "picked":
      return `${filename} waits for its turn.`;
    case "uploading": {
      // In quarters: every step would drown everything else.
      const quarter = Math.floor((4 * video.committed) / Math.max(size, 1)) / 4;
      return `Uploading ${filename}: ${formatPercent(quarter)}.`;
    }
    case "paused":
      return `${filename} is paused.`;
    case "fileless":
      return `${filename} has to be chosen again.`;
    case "accepted":
      return `${filename} is uploaded.`;
    case "queued":
      return `${filename} waits in line.`;
    case "running":
      return `${filename} is being analysed.`;
    case "succeeded":
      return `${filename} is analysed.`;
    case "cancelled":
      return `${filename} is cancelled.`;
    default:
      return `${filename}: ${video.message ?? "failed"}`;
  }
}
