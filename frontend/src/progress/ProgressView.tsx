import { AnalysisState, ModalityState } from "@gen/notreally/v1/analysis_pb";
import { Modality } from "@gen/notreally/v1/features_pb";
import { Check, CircleSlash, Loader, Minus } from "lucide-react";

import { formatPercent } from "@/lib/format";

import { Bar } from "./Bar";
import { lanes, stageLabel, type Lane } from "./labels";
import type { Watched } from "./watcher";

const COLOURS: Partial<Record<Modality, string>> = {
  [Modality.FACE]: "bg-face",
  [Modality.AUDIO]: "bg-audio",
  [Modality.METADATA]: "bg-metadata",
};

/** How far an analysis is: the whole, and a lane for each way of looking at the video. */
export function ProgressView({ watched, filename }: { watched: Watched; filename: string }) {
  const { progress, reconnecting } = watched;
  const heard = progress.state !== AnalysisState.UNSPECIFIED;
  const waiting = progress.state === AnalysisState.QUEUED;
  const label = reconnecting ? "The server does not answer; trying again" : stageLabel(progress);
  // Rounded down: nothing is at 100 % before it is done.
  const shown = Math.floor(progress.percent) / 100;
  return (
    <div>
      <div className="flex items-baseline justify-between gap-4">
        <p className="font-medium">{label}</p>
        <p className="text-2xl font-semibold tabular-nums">{heard && !waiting ? formatPercent(shown) : "\u00a0"}</p>
      </div>
      <div className="mt-2">
        <Bar label={`Analysis of ${filename}`} fraction={heard ? progress.percent / 100 : undefined} text={`${formatPercent(shown)}, ${label}`} />
      </div>
      <ul className="mt-5 space-y-3">
        {lanes(progress.modalities).map((lane) => (
          <LaneView key={lane.modality} lane={lane} />
        ))}
      </ul>
    </div>
  );
}

function LaneView({ lane }: { lane: Lane }) {
  return (
    <li className="grid grid-cols-[1rem_3.5rem_1fr] items-center gap-x-3 gap-y-1 text-sm sm:grid-cols-[1rem_3.5rem_minmax(4rem,1fr)_minmax(0,1.4fr)]">
      <LaneIcon state={lane.state} />
      <span className="font-medium">{lane.label}</span>
      <Bar thin label={lane.label} fraction={lane.fraction} text={lane.text} colour={laneColour(lane)} />
      <span className="col-start-3 min-h-5 text-quiet sm:col-start-auto sm:truncate" title={lane.text}>
        {lane.text}
      </span>
    </li>
  );
}

/** A lane with nothing to do is at its end, and must not look like one that has been looked at. */
function laneColour({ modality, state }: Lane): string | undefined {
  return state === ModalityState.SKIPPED || state === ModalityState.FAILED ? "bg-line" : COLOURS[modality];
}

function LaneIcon({ state }: { state: ModalityState }) {
  switch (state) {
    case ModalityState.RUNNING:
      return <Loader aria-hidden size={16} className="animate-spin text-accent" />;
    case ModalityState.DONE:
      return <Check aria-hidden size={16} className="text-accent" />;
    case ModalityState.SKIPPED:
      return <Minus aria-hidden size={16} className="text-quiet" />;
    case ModalityState.FAILED:
      return <CircleSlash aria-hidden size={16} className="text-inconclusive" />;
    default:
      return <span aria-hidden className="mx-1 size-2 rounded-full border border-line-strong" />;
  }
}
