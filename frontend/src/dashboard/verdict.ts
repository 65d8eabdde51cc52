/** What a verdict says in plain words, and how far to trust it. */

import { type AnalysisResult, Verdict } from "@gen/notreally/v1/analysis_pb";
import type { Model } from "@gen/notreally/v1/classifier_pb";

import { formatNumber } from "@/lib/format";

export type Tone = "real" | "fake" | "inconclusive" | "neutral";

export interface VerdictWords {
  title: string;
  /** One sentence that stands alone. */
  meaning: string;
  tone: Tone;
}

/** Whether the model's inconclusive band leaves room for verdicts at all. */
export function givesVerdicts(model: Model | undefined): boolean {
  return !model?.version || model.realBelow > 0 || model.fakeAbove < 1;
}

export function verdictWords(verdict: Verdict, model: Model | undefined): VerdictWords {
  switch (verdict) {
    case Verdict.LIKELY_REAL:
      return {
        title: "Likely real",
        meaning: "What was measured looks more like real videos than like the fakes that the model knows.",
        tone: "real",
      };
    case Verdict.LIKELY_FAKE:
      return {
        title: "Likely fake",
        meaning: "What was measured looks more like the fakes that the model knows than like real videos.",
        tone: "fake",
      };
    case Verdict.INCONCLUSIVE:
      return givesVerdicts(model)
        ? {
            title: "Inconclusive",
            meaning: "The evidence does not lean far enough either way. Take it as “cannot say”, not as “half fake”.",
            tone: "inconclusive",
          }
        : {
            title: "No verdict",
            meaning: "The model in use gives no verdicts. What was measured can still be read below.",
            tone: "neutral",
          };
    case Verdict.INSUFFICIENT:
      return {
        title: "Not enough to judge",
        meaning: "This says nothing about whether the video is real: there was too little to look at.",
        tone: "neutral",
      };
    default:
      return {
        title: "Unknown verdict",
        meaning: "This page does not know the verdict that the server gave.",
        tone: "neutral",
      };
  }
}

/** As `verdictWords`, in a word or two: lists come without the model, which alone says whether it gives verdicts. */
export function verdictInShort(result: Pick<AnalysisResult, "verdict" | "model">): Pick<VerdictWords, "title" | "tone"> {
  return result.verdict === Verdict.INCONCLUSIVE && !result.model
    ? { title: "No clear verdict", tone: "neutral" }
    : verdictWords(result.verdict, result.model);
}

/** Whether the score means anything for this verdict. */
export function hasScore(result: Pick<AnalysisResult, "verdict" | "model">): boolean {
  return (
    givesVerdicts(result.model) && result.verdict !== Verdict.INSUFFICIENT && result.verdict !== Verdict.UNSPECIFIED
  );
}

/**
 * What the model's AUC means: how often it puts the fake above the real one in a pair. Null when the model does not say.
 */
export function rankingInWords(model: Model | undefined, locale?: string): string | null {
  if (model?.crossValidatedAuc === undefined) return null;
  const times = formatNumber(100 * model.crossValidatedAuc, 0, locale);
  return `Given a real and a fake video from sources it had never seen, the model picked out the fake ${times} times in 100; a coin toss would do so 50 times.`;
}

/** Utility classes of a tone: one place, so that red stays evidence. */
export const TONE_TEXT: Readonly<Record<Tone, string>> = {
  real: "text-real",
  fake: "text-fake",
  inconclusive: "text-inconclusive",
  neutral: "text-neutral",
};

export const TONE_SOFT: Readonly<Record<Tone, string>> = {
  real: "bg-real-soft text-real",
  fake: "bg-fake-soft text-fake",
  inconclusive: "bg-inconclusive-soft text-inconclusive",
  neutral: "bg-neutral-soft text-neutral",
};

export const TONE_EDGE: Readonly<Record<Tone, string>> = {
  real: "border-l-real",
  fake: "border-l-fake",
  inconclusive: "border-l-inconclusive",
  neutral: "border-l-neutral",
};
