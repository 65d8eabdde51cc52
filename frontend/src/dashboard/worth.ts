/** What verdicts of a kind were worth in tests. Every figure is one of the model's record, which training writes. */

import { Verdict } from "@gen/notreally/v1/analysis_pb";
import type { Model, VerdictRecord } from "@gen/notreally/v1/classifier_pb";

import { formatNumber } from "@/lib/format";

import { bandOf, type PartName } from "./part";
import { givesVerdicts } from "./verdict";

const THINGS: Readonly<Record<PartName, string>> = { face: "videos", voice: "recordings" };

/** What was tested of the judgement of a part; undefined where the model does not say. */
export function recordOf(model: Model | undefined, part: PartName): VerdictRecord | undefined {
  return part === "face" ? model?.record : model?.voice?.record;
}

/** In sentences: how often such a verdict was right, how often there was none, and what it may miss. */
export function worthInWords(verdict: Verdict, model: Model | undefined, part: PartName, locale?: string): string[] {
  if (verdict === Verdict.INSUFFICIENT || verdict === Verdict.UNSPECIFIED) return [];
  if (!givesVerdicts(bandOf(model, part))) {
    return ["In tests on sources it had never seen, the model was nowhere right often enough to name a side."];
  }
  const record = recordOf(model, part);
  if (!record) return ["How often such verdicts are wrong is not known for this model."];
  const of = (share: number) => ofHundred(share, locale);
  const things = THINGS[part];
  const { given, wrongReal, wrongFake, caught, missed } = record;
  const none = given === undefined ? null : `${of(1 - given)} of 100 ${things} got no verdict.`;
  switch (verdict) {
    case Verdict.LIKELY_FAKE:
      return listed(
        wrongFake !== undefined &&
          `In tests on sources the model had never seen, ${of(1 - wrongFake)} of 100 such verdicts were right.`,
        none,
      );
    case Verdict.LIKELY_REAL:
      return listed(
        wrongReal !== undefined &&
          `In tests on sources the model had never seen, ${of(1 - wrongReal)} of 100 such verdicts were right.`,
        none,
        missed !== undefined && `It can miss fakes: ${of(missed)} of 100 fakes were called likely real.`,
      );
    default:
      return listed(
        given !== undefined && `In tests on sources the model had never seen, ${of(1 - given)} of 100 ${things} got no verdict.`,
        caught !== undefined &&
          `That is no all-clear: only ${of(caught)} of 100 fakes were called likely fake.`,
      );
  }
}

/** A share as a number of a hundred, never rounded to none or to all. */
export function ofHundred(share: number, locale?: string): string {
  const rounded = Math.round(100 * share);
  if (rounded === 0 && share > 0) return "fewer than 1";
  if (rounded === 100 && share < 1) return "more than 99";
  return formatNumber(rounded, 0, locale);
}

function listed(...sentences: (string | false | null)[]): string[] {
  return sentences.filter((sentence) => typeof sentence === "string");
}
