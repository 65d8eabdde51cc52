/** Asking the server for one analysis. */

import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Analysis, GetAnalysisRequestSchema } from "@gen/notreally/v1/analysis_pb";
import { startTransition, useCallback, useEffect, useState } from "react";

import { api } from "./api/client";
import { failureOf, type Failure } from "./api/errors";
import { persist } from "./persist";

export type Loaded =
  | { kind: "loading" }
  | { kind: "loaded"; analysis: Analysis }
  /** The server does not answer for now; it is asked again by itself. */
  | { kind: "offline" }
  | { kind: "refused"; failure: Failure };

type Request = MessageInitShape<typeof GetAnalysisRequestSchema>;

/** The larger part of an answer, which is wanted last: the faces with their pictures, and the series. */
const REST = ["result.faces", "result.series"];

interface Options {
  includeSeries?: boolean;
  /** Only what other answers leave out. */
  rest?: boolean;
  /** Not to be asked for yet. */
  later?: boolean;
}

/** An analysis by name (`analyses/{id}`), without pictures, asked for until there is an answer. `again` asks anew. */
export function useAnalysis(
  name: string,
  { includeSeries = false, rest = false, later = false }: Options = {},
): Loaded & { again: () => void } {
  const [asked, setAsked] = useState(0);
  const [answer, setAnswer] = useState<{ to: string; loaded: Loaded }>({ to: "", loaded: { kind: "loading" } });
  useEffect(() => {
    if (later) return;
    const stop = new AbortController();
    const show = (loaded: Loaded) => {
      if (!stop.signal.aborted) startTransition(() => setAnswer({ to: name, loaded }));
    };
    const request: Request = rest
      ? { name, includeSeries: true, readMask: { paths: REST } }
      : { name, includeSeries, omitThumbnails: true };
    void load(request, stop.signal, show).catch(() => undefined);
    return () => stop.abort();
  }, [name, includeSeries, rest, later, asked]);
  const again = useCallback(() => setAsked((count) => count + 1), []);
  // What was answered about another analysis is none about this one.
  return { ...(answer.to === name ? answer.loaded : { kind: "loading" as const }), again };
}

async function load(
  request: Request,
  signal: AbortSignal,
  show: (loaded: Loaded) => void,
): Promise<void> {
  const onTrouble = () => show({ kind: "offline" });
  try {
    const analysis = await persist(() => api().getAnalysis(request, { signal }), { signal, onTrouble });
    show({ kind: "loaded", analysis });
  } catch (error) {
    signal.throwIfAborted();
    show({ kind: "refused", failure: failureOf(error) });
  }
}
