/** What the events of one analysis have said so far. */

import {
  AnalysisState,
  Stage,
  type Analysis,
  type AnalysisEvent,
  type ModalityProgress,
} from "@gen/notreally/v1/analysis_pb";
import type { MediaFacts } from "@gen/notreally/v1/metadata_pb";
import type { Series } from "@gen/notreally/v1/series_pb";

import { failureOfStatus, type Failure } from "@/lib/api/errors";

export interface Progress {
  /** Of the last event; a stream that breaks goes on after it. */
  sequence: bigint;
  state: AnalysisState;
  stage: Stage;
  /** 0 to 100; never goes down. */
  percent: number;
  modalities: ModalityProgress[];
  /** Place in line, 1 for the next, while it waits and if the server says so. */
  queuePosition: number | undefined;
  /** Series of the windows that have finished, in the order of arrival. */
  parts: readonly Series[];
  /** What the container says, once it was read. */
  facts: MediaFacts | undefined;
  failure: Failure | undefined;
}

/** Nothing heard yet. */
export const NO_PROGRESS: Progress = {
  sequence: 0n,
  state: AnalysisState.UNSPECIFIED,
  stage: Stage.UNSPECIFIED,
  percent: 0,
  modalities: [],
  queuePosition: undefined,
  parts: [],
  facts: undefined,
  failure: undefined,
};

const ENDED: ReadonlySet<AnalysisState> = new Set([
  AnalysisState.SUCCEEDED,
  AnalysisState.FAILED,
  AnalysisState.CANCELLED,
]);

/** Whether no more events will come. */
export function hasEnded(state: AnalysisState): boolean {
  return ENDED.has(state);
}

/** The progress after one more event. One that was seen before changes nothing. */
export function afterEvent(progress: Progress, event: AnalysisEvent): Progress {
  const isSnapshot = event.sequence === 0n;
  if (hasEnded(progress.state) || (!isSnapshot && event.sequence <= progress.sequence)) return progress;
  return {
    sequence: isSnapshot ? progress.sequence : event.sequence,
    state: event.state,
    stage: event.stage,
    percent: Math.max(progress.percent, event.percent),
    // The last event of an analysis says nothing of its modalities.
    modalities: event.modalities.length > 0 ? event.modalities : progress.modalities,
    queuePosition: event.state === AnalysisState.QUEUED ? queuePosition(event) : undefined,
    facts: event.metadata ?? progress.facts,
    parts: event.series ? [...progress.parts, event.series] : progress.parts,
    failure: event.error ? failureOfStatus(event.error) : undefined,
  };
}

/** The progress of an analysis whose last event was missed, from its record. */
export function afterRecord(progress: Progress, { state, stage, percent, error }: Analysis): Progress {
  const failure = error ? failureOfStatus(error) : undefined;
  return { ...progress, state, stage, percent: Math.max(progress.percent, percent), queuePosition: undefined, failure };
}

/** Servers before this field leave it out. */
function queuePosition(event: AnalysisEvent & { queuePosition?: number }): number | undefined {
  return event.queuePosition;
}
