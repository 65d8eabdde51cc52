"use client";

/** One page of paper that stands alone: what was looked at, what came out, why, and how far to trust it. */

import "./report.css";

import { type Analysis, type AnalysisResult, Verdict } from "@gen/notreally/v1/analysis_pb";
import type { FeatureSummary } from "@gen/notreally/v1/classifier_pb";

import { fromTo, stretchesOf, suspiciousSpans } from "@/charts/voice";
import { Gauge } from "@/dashboard/Gauge";
import { heatInFewWords, heatOfHundred, heatScale, looksForged, type Moment, moments } from "@/dashboard/heat";
import { HeatOverlay } from "@/dashboard/HeatOverlay";
import { influences } from "@/dashboard/influence";
import { Jpeg } from "@/dashboard/Jpeg";
import { chanceOf, partInShort } from "@/dashboard/PartLines";
import { headlineOf, isSound } from "@/dashboard/part";
import { partsOf, subjectOf } from "@/dashboard/parts";
import { summariesOf } from "@/dashboard/range";
import { faceView } from "@/dashboard/faceView";
import { hasScore, namesSide, TONE_TEXT, verdictWords } from "@/dashboard/verdict";
import { worthInWords } from "@/dashboard/worth";
import { formatDateTimeZone, formatDuration, formatNumber, formatProbability, formatTimecode } from "@/lib/format";

import { Evidence } from "./Evidence";
import { FeatureTable } from "./FeatureTable";

const MOST_PICTURES = 4;

export function Report({ analysis }: { analysis: Analysis }) {
  const { result } = analysis;
  if (!result) return null;
  const part = headlineOf(result);
  const words = verdictWords(result.verdict, result.model, part);
  return (
    <article className="report hidden text-[9pt] leading-snug print:block" data-report="">
      <Head analysis={analysis} result={result} />
      <div className="mt-4 grid grid-cols-[1fr_15rem] gap-6">
        <div>
          {partsOf(result).length > 0 && <p className="text-quiet">Verdict on the {part}</p>}
          <p className={`text-[17pt] leading-tight font-semibold tracking-tight ${TONE_TEXT[words.tone]}`}>
            {words.title}
          </p>
          <p className="mt-1">{words.meaning}</p>
          <Parts result={result} />
          <Signed result={result} />
          <Reasons result={result} />
          <Faces result={result} />
        </div>
        {result.verdict === Verdict.INSUFFICIENT ? (
          <p className="self-start border-l border-line pl-4 text-quiet">
            No number is given: it would only look like an answer.
          </p>
        ) : (
          <Gauge probFake={result.probFake} model={result.model} part={part} named={namesSide(result.verdict)} />
        )}
      </div>
      <Pictures result={result} />
      <Heard result={result} />
      <FeatureTable result={result} />
      <Evidence result={result} />
      <Foot result={result} />
    </article>
  );
}

function Head({ analysis, result }: { analysis: Analysis; result: AnalysisResult }) {
  const video = result.metadata?.video;
  const facts = [
    result.quality && formatDuration(result.quality.durationS),
    video && `${video.width} × ${video.height}`,
    analysis.endTime && `analysed ${formatDateTimeZone(analysis.endTime)}`,
  ].filter(Boolean);
  return (
    <header className="border-b-2 border-ink pb-2">
      <p className="flex justify-between text-[9pt] text-quiet">
        <span className="font-semibold">NotReally</span>
        <span>{isSound(result.metadata) ? "Report on a recording of a voice" : "Report on a video"}</span>
      </p>
      <p className="mt-1 text-[13pt] font-semibold break-words">{analysis.filename}</p>
      <p className="text-quiet">{facts.join(" · ")}</p>
      {analysis.media && <p className="font-mono text-[7pt] text-quiet">SHA-256 {analysis.media.sha256}</p>}
    </header>
  );
}

function Reasons({ result }: { result: AnalysisResult }) {
  const face = faceView(result);
  const subject = subjectOf(result, face);
  const isScored = hasScore(result, subject.name);
  const reasons = isScored ? influences(subject.name, result, face.contributions) : subject.reasons;
  const said = [...reasons, ...worthInWords(result.verdict, result.model, subject.name)];
  return (
    <ul className="mt-2 list-disc pl-5">
      {said.map((text) => (
        <li key={text}>{text}</li>
      ))}
    </ul>
  );
}

/** What the file's signed credentials say, which is no part of the verdict. */
function Signed({ result }: { result: AnalysisResult }) {
  const credentials = result.metadata?.credentials;
  return credentials ? (
    <p className="mt-1.5">
      <strong className="font-semibold">Content Credentials:</strong> {credentials.text}
    </p>
  ) : null;
}

/** The face and the voice, each with its verdict. */
function Parts({ result }: { result: AnalysisResult }) {
  const parts = partsOf(result);
  if (parts.length === 0) return null;
  return (
    <ul className="mt-1.5">
      {parts.map((part) => (
        <li key={part.name}>
          <strong className="font-semibold">{part.name === "face" ? "Face" : "Voice"}:</strong>{" "}
          {[partInShort(part, result).title.toLowerCase(), chanceOf(part)].filter(Boolean).join(", ")}.{" "}
          {part.reasons.join(" ")}
        </li>
      ))}
    </ul>
  );
}

/** What stands out as synthesised, in words. */
function Heard({ result }: { result: AnalysisResult }) {
  const spans = suspiciousSpans(stretchesOf(result.voice));
  if (spans.length === 0) return null;
  return (
    <p className="mt-2 text-[8.5pt]">
      {spans.map((span) => `${fromTo(span)} the voice sounds synthesised.`).join(" ")}
    </p>
  );
}

/** The verdict on each, where there are several. */
function Faces({ result }: { result: AnalysisResult }) {
  if (result.faces.length < 2) return null;
  const said = [...result.faces].sort((one, other) => one.number - other.number).map((face) => {
    const score = hasScore({ verdict: face.verdict, model: result.model })
      ? ` (${formatProbability(face.probFake)})`
      : "";
    return `face ${face.number}: ${verdictWords(face.verdict, result.model).title.toLowerCase()}${score}`;
  });
  return <p className="mt-1 text-quiet">{`${result.faces.length} faces were followed: ${said.join("; ")}.`}</p>;
}

function Pictures({ result }: { result: AnalysisResult }) {
  const thumbnails = result.faces[0]?.thumbnails ?? [];
  const scored = moments(thumbnails);
  if (scored.length > 0) return <Moments all={scored} summaries={summariesOf(result.model)} />;
  const pictures = thumbnails.slice(0, MOST_PICTURES);
  if (pictures.length === 0) return null;
  return (
    <div className="mt-3 flex gap-2">
      {pictures.map(({ timeS, jpeg }) => (
        <Jpeg key={timeS} jpeg={jpeg} alt="" className="size-20 rounded border border-line object-cover" />
      ))}
    </div>
  );
}

/** The pictures that look most like a forgery, each beside what was found where. */
function Moments({ all, summaries }: { all: readonly Moment[]; summaries: readonly FeatureSummary[] }) {
  const scale = heatScale(all);
  const most = [...all].sort((one, other) => other.heat.logOdds - one.heat.logOdds).slice(0, MOST_PICTURES);
  return (
    <div className="mt-3">
      <ul className="flex gap-3">
        {most.map(({ timeS, jpeg, heat }) => (
          <li key={timeS} className="text-[8pt] text-quiet tabular-nums">
            <div className="flex gap-0.5">
              <Jpeg jpeg={jpeg} alt="" className="size-17 rounded border border-line object-cover" />
              <div className="relative size-17 overflow-hidden rounded border border-line">
                <Jpeg jpeg={jpeg} alt="" className="size-full object-cover" />
                <HeatOverlay heat={heat} scale={scale} />
              </div>
            </div>
            {formatTimecode(timeS)}, {heatOfHundred(heat)}
            <div>{heatInFewWords(heat, summaries)}</div>
          </li>
        ))}
      </ul>
      <p className="text-[8pt] text-quiet">
        {most.some(({ heat }) => looksForged(heat, summaries))
          ? "The moments that look most like a forgery."
          : "The moments with the highest scores. None looks more like a forgery than real videos do."}{" "}
        Red raises the score, blue lowers it: a hint, not a mark of what was changed.
      </p>
    </div>
  );
}

/** After the model's name: what it learned from, of what it judged here. */
function learnedFrom({ model, metadata }: AnalysisResult): string {
  if (isSound(metadata)) {
    const clips = model?.voice?.trainingClips;
    return clips ? `, fitted to ${formatNumber(clips)} recordings of voices` : "";
  }
  return model?.trainingVideos ? `, trained on ${formatNumber(model.trainingVideos)} videos` : "";
}

function Foot({ result }: { result: AnalysisResult }) {
  const { model } = result;
  return (
    <footer className="mt-3 border-t border-line pt-2 text-[8pt] text-quiet">
      <p>
        {model?.version ? `Model ${model.version}` : "Model unknown"}
        {learnedFrom(result)}.
      </p>
      <p>
        This is an estimate, not proof. Strong compression, unusual cameras and new kinds of fakes can mislead it: look
        for other evidence before you act on it.
      </p>
      <p className="break-all">{typeof window === "undefined" ? "" : window.location.href}</p>
    </footer>
  );
}
