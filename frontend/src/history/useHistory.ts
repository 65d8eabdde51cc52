import type { Analysis } from "@gen/notreally/v1/analysis_pb";
import { useCallback, useEffect, useState } from "react";

import { api } from "@/lib/api/client";
import { failureOf } from "@/lib/api/errors";

import type { Filter } from "./pages";

const PAGE_SIZE = 20;

export interface HistoryPage {
  analyses: readonly Analysis[];
  nextToken: string;
}

interface Answer {
  to: string;
  page?: HistoryPage;
  problem?: string;
}

/** One page of past analyses, newest first. `again` asks anew. */
export function useHistory(filter: Filter, token: string): Omit<Answer, "to"> & { again: () => void } {
  const [asked, setAsked] = useState(0);
  const [answer, setAnswer] = useState<Answer>({ to: "" });
  const question = `${filter.key} ${token}`;
  useEffect(() => {
    const stop = new AbortController();
    const request = { pageSize: PAGE_SIZE, pageToken: token, states: filter.states };
    api()
      .listAnalyses(request, { signal: stop.signal })
      .then(({ analyses, nextPageToken }) => ({ page: { analyses, nextToken: nextPageToken } }))
      .catch((error: unknown) => ({ problem: failureOf(error).message }))
      .then((result) => {
        if (!stop.signal.aborted) setAnswer({ to: question, ...result });
      });
    return () => stop.abort();
  }, [filter, token, question, asked]);
  const again = useCallback(() => setAsked((count) => count + 1), []);
  const { page, problem } = answer.to === question ? answer : {};
  return { page, problem, again };
}
