/** A batch as it stands, followed for as long as its page is open, and one page of its analyses. */

import type { Analysis } from "@gen/notreally/v1/analysis_pb";
import type { Batch } from "@gen/notreally/v1/batch_pb";
import { useCallback, useEffect, useState } from "react";

import { batches } from "@/lib/api/batches";
import { api } from "@/lib/api/client";
import { failureOf } from "@/lib/api/errors";
import { backoffMs, pause } from "@/lib/backoff";

import { type Choice, requestOf } from "./choice";

/** A table that changes under the reader's eyes is hard to read: it is asked for anew this often at most. */
const CALM_MS = 2000;

interface Followed {
  batch?: Batch;
  /** How many have ended: when it grows, the table is out of date. */
  ended: bigint;
  problem?: string;
}

/** Follows a batch; survives broken connections. `renewal` follows it anew, when it changes. */
export function useBatch(name: string, renewal: number): Followed {
  const [followed, setFollowed] = useState<Followed>({ ended: 0n });
  useEffect(() => {
    const stop = new AbortController();
    const { signal } = stop;
    const follow = async () => {
      let afterSequence = 0n;
      for (let failures = 0; ; ) {
        try {
          for await (const event of batches().watchBatch({ name, afterSequence }, { signal, timeoutMs: 0 })) {
            afterSequence = event.sequence;
            failures = 0;
            setFollowed({ batch: event.batch, ended: event.sequence });
          }
          return;
        } catch (error) {
          if (signal.aborted) return;
          const failure = failureOf(error);
          if (!failure.transient) return setFollowed({ ended: 0n, problem: failure.message });
          failures += 1;
          await pause(backoffMs(failures), signal).catch(() => undefined);
        }
      }
    };
    void follow();
    return () => stop.abort();
  }, [name, renewal]);
  return followed;
}

interface Rows {
  analyses?: readonly Analysis[];
  nextToken: string;
  problem?: string;
}

/** One page of a batch's analyses, asked for anew when more have ended. `replace` puts a changed one in its place. */
export function useRows(name: string, choice: Choice, token: string, version: string) {
  const [rows, setRows] = useState<Rows>({ nextToken: "" });
  useEffect(() => {
    const stop = new AbortController();
    const ask = () =>
      api()
        .listAnalyses(requestOf(name, choice, token), { signal: stop.signal })
        .then(({ analyses, nextPageToken }) => ({ analyses, nextToken: nextPageToken }))
        .catch((error: unknown) => ({ nextToken: "", problem: failureOf(error).message }))
        .then((found) => {
          if (!stop.signal.aborted) setRows(found);
        });
    const timer = setTimeout(() => void ask(), version === "" ? 0 : CALM_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [name, choice, token, version]);
  const replace = useCallback((changed: Analysis) => {
    setRows((before) => ({
      ...before,
      analyses: before.analyses?.map((each) => (each.name === changed.name ? changed : each)),
    }));
  }, []);
  return { ...rows, replace };
}
