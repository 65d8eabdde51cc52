"use client";

import { Upload } from "lucide-react";
import Link from "next/link";

import { formatPercent } from "@/lib/format";
import { useQueue } from "@/lib/session";

import type { Item } from "./queue";
import { isSending } from "./video";

/** Says on every other page that an upload goes on, and leads back to it. */
export function Badge() {
  const sending = useQueue().filter(({ video }) => isSending(video));
  if (sending.length === 0) return null;
  return (
    <Link
      href="/"
      prefetch={false}
      className="mr-1 flex h-8 items-center gap-1.5 rounded-full bg-accent-soft px-2 text-sm font-medium text-accent tabular-nums sm:px-3"
      aria-label={`Uploading, ${formatPercent(share(sending))}: back to your files`}
    >
      <Upload aria-hidden size={14} />
      {formatPercent(share(sending))}
    </Link>
  );
}

/** Of all bytes still to be sent, those that the server has. */
function share(items: readonly Item[]): number {
  const all = items.reduce((sum, { size }) => sum + size, 0);
  const stored = items.reduce((sum, { video }) => sum + video.committed, 0);
  return all > 0 ? Math.floor((100 * stored) / all) / 100 : 0;
}
