/** What is going on, in words. */

import { ModalityState, Stage, type ModalityProgress } from "@gen/notreally/v1/analysis_pb";
import { Modality } from "@gen/notreally/v1/features_pb";

import type { Progress } from "./progress";

const STAGES: Record<Stage, string> = {
  [Stage.UNSPECIFIED]: "Waiting for the server",
  [Stage.QUEUED]: "Waiting in line",
  [Stage.READING_METADATA]: "Reading what the file says of itself",
  [Stage.ANALYZING_VIDEO]: "Following the face",
  [Stage.ANALYZING_AUDIO]: "Listening to the sound",
  [Stage.FINALIZING]: "Weighing the evidence",
  [Stage.COMPLETED]: "Done",
  [Stage.FAILED]: "Failed",
  [Stage.CANCELLED]: "Cancelled",
};

/** The stage, and how many are ahead when it waits. */
export function stageLabel({ stage, queuePosition }: Pick<Progress, "stage" | "queuePosition">): string {
  if (stage !== Stage.QUEUED || queuePosition === undefined) return STAGES[stage];
  return queuePosition <= 1 ? "Next in line" : `Number ${queuePosition} in line`;
}

export interface Lane {
  modality: Modality;
  label: string;
  text: string;
  fraction: number;
  state: ModalityState;
}

const LANES = [
  { modality: Modality.FACE, label: "Face" },
  { modality: Modality.AUDIO, label: "Sound" },
  { modality: Modality.METADATA, label: "File" },
];

/** One lane for each modality, in a fixed order, also before the first event. */
export function lanes(modalities: ModalityProgress[]): Lane[] {
  return LANES.map(({ modality, label }) => {
    const found = modalities.find((each) => each.modality === modality);
    const state = found?.state ?? ModalityState.WAITING;
    return { modality, label, state, fraction: found?.fraction ?? 0, text: laneText(state, found?.text ?? "") };
  });
}

function laneText(state: ModalityState, said: string): string {
  if (said !== "") return said;
  switch (state) {
    case ModalityState.RUNNING:
      return "working";
    case ModalityState.DONE:
      return "done";
    case ModalityState.SKIPPED:
      return "nothing to do";
    case ModalityState.FAILED:
      return "did not answer; the verdict goes without it";
    default:
      return "waiting";
  }
}
