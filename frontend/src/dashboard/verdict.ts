/** What a verdict says in plain words, and how far to trust it. */

import { type AnalysisResult, Verdict } from "@gen/notreally/v1/analysis_pb";
import type { Model } from "@gen/notreally/v1/classifier_pb";

import { formatNumber } from "@/lib/format";

import { type Band, bandOf, headlineOf, type PartName } from "./part";

export type Tone = "real" | "fake" | "inconclusive" | "neutral";

export interface VerdictWords {
  title: string;
  /** One sentence that stands alone. */
  meaning: string;
  tone: Tone;
}

/** Whether an inconclusive band leaves room for verdicts at all. */
export function givesVerdicts(band: Band | undefined): boolean {
  return !band || band.realBelow > 0 || band.fakeAbove < 1;
}

const LIKE_REAL = {
  face: "What was measured looks more like real videos than like the fakes that the model knows.",
  voice: "The voice sounds more like recorded voices than like the synthesised ones that the model knows.",
} as const;

const LIKE_FAKE = {
  face: "What was measured looks more like the fakes that the model knows than like real videos.",
  voice: "The voice sounds more like the synthesised ones that the model knows than like recorded voices.",
} as const;

const NO_VERDICTS = {
  face: "The model in use gives no verdicts. What was measured can still be read below.",
  voice: "The model in use gives no verdicts on voices. What was measured can still be read below.",
} as const;

const TOO_LITTLE = {
  face: "This says nothing about whether the video is real: there was too little to look at.",
  voice: "This says nothing about whether the voice is real: there was too little to listen to.",
} as const;

export function verdictWords(verdict: Verdict, model: Model | undefined, part: PartName = "face"): VerdictWords {
  switch (verdict) {
    case Verdict.LIKELY_REAL:
      return {
        title: "Likely real",
        meaning: LIKE_REAL[part],
        tone: "real",
      };
    case Verdict.LIKELY_FAKE:
      return {
        title: "Likely fake",
        meaning: LIKE_FAKE[part],
        tone: "fake",
      };
    case Verdict.INCONCLUSIVE:
      return givesVerdicts(bandOf(model, part))
        ? {
            title: "Inconclusive",
            meaning: "The evidence does not lean far enough either way. Take it as “cannot say”, not as “half fake”.",
            tone: "inconclusive",
          }
        : {
            title: "No verdict",
            meaning: NO_VERDICTS[part],
            tone: "neutral",
          };
    case Verdict.INSUFFICIENT:
      return {
        title: "Not enough to judge",
        meaning: TOO_LITTLE[part],
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

type Headline = Pick<AnalysisResult, "verdict" | "model" | "headline" | "metadata">;

/**
 * The headline as `verdictWords`, in a word or two, naming the voice where it is about that. Lists come without the model,
 * which alone says whether it gives verdicts.
 */
export function verdictInShort(result: Headline): Pick<VerdictWords, "title" | "tone"> {
  const part = headlineOf(result);
  const { title, tone }: Pick<VerdictWords, "title" | "tone"> =
    result.verdict === Verdict.INCONCLUSIVE && !result.model
      ? { title: "No clear verdict", tone: "neutral" }
      : verdictWords(result.verdict, result.model, part);
  return { title: part === "voice" ? `${title} (voice)` : title, tone };
}

/** Whether the score means anything for this verdict on a part. */
export function hasScore({ verdict, model }: Pick<AnalysisResult, "verdict" | "model">, part: PartName = "face"): boolean {
  return givesVerdicts(bandOf(model, part)) && verdict !== Verdict.INSUFFICIENT && verdict !== Verdict.UNSPECIFIED;
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
