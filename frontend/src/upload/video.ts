/**
 * What becomes of one picked video, from the file dialog to the end of its analysis: a state machine without effects.
 *
 *     picked → uploading ⇄ paused → accepted → queued → running → succeeded | failed | cancelled
 *
 * `src/upload/queue.ts` carries out what the states ask for.
 */

import { AnalysisState } from "@gen/notreally/v1/analysis_pb";

export type Phase =
  /** Waits for its turn to be sent. */
  | "picked"
  /** Cannot be analysed, as was seen before anything was sent. */
  | "unsuitable"
  | "uploading"
  | "paused"
  /** Began before the page was reloaded, and the file has to be picked again to go on. */
  | "fileless"
  /** All bytes are on the server; the analysis is being asked for, or has been and nothing was heard of it yet. */
  | "accepted"
  | "queued"
  | "running"
  | "succeeded"
  | "failed"
  | "cancelled";

export interface Video {
  phase: Phase;
  /** Bytes the server has stored. */
  committed: number;
  /** `uploads/{id}`, once the upload has begun. */
  upload: string | undefined;
  /** `analyses/{id}`, once accepted. */
  analysis: string | undefined;
  /** Why nothing moves right now, though it is being tried; or what was tried in vain. */
  trouble: string | undefined;
  /** Its end is wanted, and the server is being told. */
  cancelling: boolean;
  /** Why it ended badly. */
  message: string | undefined;
}

export type Happening =
  | { kind: "objection"; message: string }
  | { kind: "turn" }
  | { kind: "committed"; upload: string; bytes: number; complete: boolean }
  | { kind: "trouble"; message: string }
  | { kind: "pause" }
  | { kind: "resume" }
  | { kind: "file-missing" }
  | { kind: "file-found" }
  | { kind: "analysis-created"; analysis: string }
  | { kind: "analysis-state"; state: AnalysisState; message?: string }
  | { kind: "refused"; message: string }
  | { kind: "cancel-wanted" }
  | { kind: "cancel-failed"; message: string }
  | { kind: "cancel" };

export const PICKED: Video = {
  phase: "picked",
  committed: 0,
  upload: undefined,
  analysis: undefined,
  trouble: undefined,
  cancelling: false,
  message: undefined,
};

const AFTER_ANALYSIS_STATE: Record<AnalysisState, Phase | undefined> = {
  [AnalysisState.UNSPECIFIED]: undefined,
  [AnalysisState.QUEUED]: "queued",
  [AnalysisState.RUNNING]: "running",
  [AnalysisState.SUCCEEDED]: "succeeded",
  [AnalysisState.FAILED]: "failed",
  [AnalysisState.CANCELLED]: "cancelled",
};

const SENDING: ReadonlySet<Phase> = new Set(["picked", "uploading", "paused", "fileless"]);
const ANALYSING: ReadonlySet<Phase> = new Set(["accepted", "queued", "running"]);

/** Whether the file, or the rest of it, is still to be sent. */
export function isSending({ phase }: Video): boolean {
  return SENDING.has(phase);
}

/** Whether the server has the video and works on it. */
export function isAnalysing({ phase }: Video): boolean {
  return ANALYSING.has(phase);
}

/** Whether nothing more will become of it. */
export function isDone(video: Video): boolean {
  return !isSending(video) && !isAnalysing(video);
}

/** The video after something happened to it. What makes no sense in its phase changes nothing. */
export function after(video: Video, happening: Happening): Video {
  const { phase } = video;
  switch (happening.kind) {
    case "objection":
      return phase === "picked" ? { ...video, phase: "unsuitable", message: happening.message } : video;
    case "turn":
      return phase === "picked" ? { ...video, phase: "uploading" } : video;
    case "committed": {
      if (!isSending(video)) return video;
      const { upload, bytes, complete } = happening;
      // A chunk that was on its way when the person paused still counts.
      const next = complete ? "accepted" : phase === "picked" ? "uploading" : phase;
      return { ...video, phase: next, upload, committed: bytes, trouble: undefined };
    }
    case "trouble":
      return phase === "uploading" || isAnalysing(video) ? { ...video, trouble: happening.message } : video;
    case "pause":
      return phase === "uploading" || phase === "picked" ? { ...video, phase: "paused", trouble: undefined } : video;
    case "resume":
      // Back in line: others may be under way by now.
      return phase === "paused" ? { ...video, phase: "picked" } : video;
    case "file-missing":
      return isSending(video) ? { ...video, phase: "fileless", trouble: undefined } : video;
    case "file-found":
      return phase === "fileless" ? { ...video, phase: "picked" } : video;
    case "analysis-created":
      return isSending(video) || phase === "accepted"
        ? { ...video, phase: "accepted", analysis: happening.analysis, trouble: undefined }
        : video;
    case "analysis-state": {
      const next = AFTER_ANALYSIS_STATE[happening.state];
      if (!isAnalysing(video) || next === undefined) return video;
      // What is under way does not go back in line.
      if (next === "queued" && phase === "running") return video;
      // That it could not be cancelled is no less true for it.
      return { ...video, phase: next, message: happening.message };
    }
    case "refused":
      return isDone(video) ? video : { ...video, phase: "failed", trouble: undefined, message: happening.message };
    case "cancel-wanted":
      return isAnalysing(video) ? { ...video, cancelling: true, trouble: undefined } : video;
    case "cancel-failed":
      return isAnalysing(video) ? { ...video, cancelling: false, trouble: happening.message } : video;
    case "cancel":
      return isDone(video) ? video : { ...video, phase: "cancelled", trouble: undefined };
  }
}
