/** What a verdict says in plain words, and how far to trust it. */

import { type AnalysisResult, Verdict } from "@gen/notreally/v1/analysis_pb";
import type { Model } from "@gen/notreally/v1/classifier_pb";

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
  face: "What was measured looks more like real videos than like the fakes the model knows.",
  voice: "The voice sounds more like recorded voices than like the synthesised ones the model knows.",
} as const;

const LIKE_FAKE = {
  face: "What was measured looks more like the fakes the model knows than like real videos.",
  voice: "The voice sounds more like the synthesised ones the model knows than like recorded voices.",
} as const;

const UNCLEAR = {
  face: "We can’t tell whether this video is real or fake.",
  voice: "We can’t tell whether this voice is real or synthesised.",
} as const;

const NO_VERDICTS = {
  face: "The model in use gives no verdicts. What was measured can still be read below.",
  voice: "The model in use gives no verdicts on voices. What was measured can still be read below.",
} as const;

const TOO_LITTLE = {
  face: "There was too little to see to tell whether this video is real or fake.",
  voice: "There was too little to hear to tell whether this voice is real or synthesised.",
} as const;

/** Each verdict has one name, wherever it is shown: here, in lists, batches, live sessions and on paper. */
export const VERDICT_NAMES: Readonly<Record<Verdict, string>> = {
  [Verdict.UNSPECIFIED]: "Unknown verdict",
  [Verdict.LIKELY_REAL]: "Likely real",
  [Verdict.LIKELY_FAKE]: "Likely fake",
  [Verdict.INCONCLUSIVE]: "Inconclusive",
  [Verdict.INSUFFICIENT]: "Not enough to judge",
};

const TONES: Readonly<Record<Verdict, Tone>> = {
  [Verdict.UNSPECIFIED]: "neutral",
  [Verdict.LIKELY_REAL]: "real",
  [Verdict.LIKELY_FAKE]: "fake",
  [Verdict.INCONCLUSIVE]: "inconclusive",
  [Verdict.INSUFFICIENT]: "neutral",
};

export function verdictWords(verdict: Verdict, model: Model | undefined, part: PartName = "face"): VerdictWords {
  const title = VERDICT_NAMES[verdict] ?? VERDICT_NAMES[Verdict.UNSPECIFIED];
  return { title, meaning: meaningOf(verdict, model, part), tone: TONES[verdict] ?? "neutral" };
}

function meaningOf(verdict: Verdict, model: Model | undefined, part: PartName): string {
  switch (verdict) {
    case Verdict.LIKELY_REAL:
      return LIKE_REAL[part];
    case Verdict.LIKELY_FAKE:
      return LIKE_FAKE[part];
    case Verdict.INCONCLUSIVE:
      return givesVerdicts(bandOf(model, part)) ? UNCLEAR[part] : NO_VERDICTS[part];
    case Verdict.INSUFFICIENT:
      return TOO_LITTLE[part];
    default:
      return "This page does not know the verdict that the server gave.";
  }
}

type Headline = Pick<AnalysisResult, "verdict" | "model" | "headline" | "metadata">;

/** The headline as `verdictWords`, in a word or two, naming the voice where it is about that. */
export function verdictInShort(result: Headline): Pick<VerdictWords, "title" | "tone"> {
  const part = headlineOf(result);
  const { title, tone } = verdictWords(result.verdict, result.model, part);
  return { title: part === "voice" ? `${title} (voice)` : title, tone };
}

/** Whether a side is named: only then is the number large. */
export function namesSide(verdict: Verdict): boolean {
  return verdict === Verdict.LIKELY_REAL || verdict === Verdict.LIKELY_FAKE;
}

/** Whether the score means anything for this verdict on a part. */
export function hasScore({ verdict, model }: Pick<AnalysisResult, "verdict" | "model">, part: PartName = "face"): boolean {
  return givesVerdicts(bandOf(model, part)) && verdict !== Verdict.INSUFFICIENT && verdict !== Verdict.UNSPECIFIED;
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
