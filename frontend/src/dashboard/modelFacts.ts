/** What the model says of itself, and where the time went, as rows of label and value. */

import { type AnalysisResult, Stage } from "@gen/notreally/v1/analysis_pb";
import type { Model, VerdictRecord } from "@gen/notreally/v1/classifier_pb";

import { formatDate, formatDuration, formatNumber, formatPercent } from "@/lib/format";

import type { FactRow } from "./fileFacts";
import type { Band } from "./part";
import { givesVerdicts } from "./verdict";

const STAGES: Readonly<Partial<Record<Stage, string>>> = {
  [Stage.QUEUED]: "Waiting",
  [Stage.READING_METADATA]: "Reading the file",
  [Stage.ANALYZING_VIDEO]: "Looking at the face",
  [Stage.ANALYZING_AUDIO]: "Listening to the sound",
  [Stage.FINALIZING]: "Judging",
};

export function modelRows(model: Model, locale?: string): FactRow[] {
  const rows: FactRow[] = [["Version", model.version || "unknown"]];
  if (model.trainedTime) {
    const trained = formatDate(model.trainedTime, locale);
    rows.push([
      "Trained",
      `${trained}${model.trainingVideos ? `, on ${formatNumber(model.trainingVideos, 0, locale)} videos` : ""}`,
    ]);
  }
  rows.push(...testedRows(model.record, "videos", locale));
  rows.push(["Likely real / fake", sides(model, locale)]);
  if (model.priorFake > 0) rows.push(["Fakes assumed", formatPercent(model.priorFake, 0, locale)]);
  if (model.sha256) rows.push(["SHA-256", model.sha256]);
  return rows;
}

/** By what a voice is judged. */
export function voiceRows({ voice }: Model, locale?: string): FactRow[] {
  if (!voice?.network) return [];
  const rows: FactRow[] = [["Network", voice.network]];
  if (voice.trainingClips) rows.push(["Fitted to", `${formatNumber(voice.trainingClips, 0, locale)} recordings`]);
  rows.push(...testedRows(voice.record, "recordings", locale));
  rows.push(["Likely real / fake", sides(voice, locale)]);
  return rows;
}

/** In tests on sources that it had not met. */
function testedRows(record: VerdictRecord | undefined, things: string, locale?: string): FactRow[] {
  if (!record) return [];
  const rows: FactRow[] = [["Tested on", `${formatNumber(record.tested, 0, locale)} ${things}`]];
  const share = (label: string, value: number | undefined) => {
    if (value !== undefined) rows.push([label, formatPercent(value, 1, locale)]);
  };
  share("Verdicts given", record.given);
  share("Wrong when likely fake", record.wrongFake);
  share("Wrong when likely real", record.wrongReal);
  share("Fakes called fake", record.caught);
  share("Fakes called real", record.missed);
  share("Real called fake", record.falseAlarms);
  return rows;
}

/** Where a side is named. */
function sides(band: Band, locale?: string): string {
  if (!givesVerdicts(band)) return "never: it gives no verdicts";
  const real = band.realBelow > 0 ? `under ${formatPercent(band.realBelow, 0, locale)}` : "never";
  const fake = band.fakeAbove < 1 ? `over ${formatPercent(band.fakeAbove, 0, locale)}` : "never";
  return `${real} / ${fake}`;
}

export function timingRows(timings: AnalysisResult["timings"], locale?: string): FactRow[] {
  return timings.map(({ stage, wallS }) => [STAGES[stage] ?? "Other", formatDuration(wallS, locale)]);
}
