"use client";

import type { Batch } from "@gen/notreally/v1/batch_pb";
import Link from "next/link";
import { useEffect, useState } from "react";

import { batches } from "@/lib/api/batches";
import { failureOf } from "@/lib/api/errors";
import { formatCount, formatDateTime, formatPercent } from "@/lib/format";
import { batchPage } from "@/lib/names";

/** All batches, newest first. */
export function BatchList() {
  const [found, setFound] = useState<{ list: readonly Batch[]; token: string; problem?: string }>();
  const [token, setToken] = useState("");
  useEffect(() => {
    const stop = new AbortController();
    batches()
      .listBatches({ pageSize: 50, pageToken: token }, { signal: stop.signal })
      .then(({ batches: more, nextPageToken }) =>
        setFound((before) => ({ list: token === "" || !before ? more : [...before.list, ...more], token: nextPageToken })),
      )
      .catch((error: unknown) => {
        if (!stop.signal.aborted) setFound({ list: [], token: "", problem: failureOf(error).message });
      });
    return () => stop.abort();
  }, [token]);
  return (
    <>
      <h1 className="text-3xl font-semibold tracking-tight">Batches</h1>
      <p className="mt-2 text-quiet">Drop a folder or more than five files on the first page to begin one.</p>
      {found?.problem !== undefined && (
        <p role="alert" className="mt-6">
          {found.problem}
        </p>
      )}
      {found && found.list.length > 0 && (
        <ul className="panel mt-6 divide-y divide-line">
          {found.list.map((batch) => (
            <li key={batch.name} className="px-4 py-2.5">
              <Link href={batchPage(batch.name)} prefetch={false} className="block truncate py-0.5 font-medium hover:underline">
                {batch.displayName}
              </Link>
              <p className="text-sm text-quiet">
                {batch.createTime && formatDateTime(batch.createTime)}
                {` · ${formatCount(Math.max(batch.total, batch.expected), "file", "files")} · ${formatPercent(Math.floor(batch.percent) / 100)}`}
              </p>
            </li>
          ))}
        </ul>
      )}
      {found && found.token !== "" && (
        <button type="button" className="button mt-4" onClick={() => setToken(found.token)}>
          More
        </button>
      )}
    </>
  );
}
