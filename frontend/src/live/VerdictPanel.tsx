import { Info } from "lucide-react";
import { type AnalysisResult, Verdict } from "@gen/notreally/v1/analysis_pb";
import { LiveState } from "@gen/notreally/v1/live_pb";

import { Gauge } from "@/dashboard/Gauge";
import { headlineOf } from "@/dashboard/part";
import { PartLines } from "@/dashboard/PartLines";
import { namesSide, TONE_TEXT, verdictWords } from "@/dashboard/verdict";
import { formatDuration, formatProbability } from "@/lib/format";

import type { LiveView } from "./session";
import { WORDS } from "./words";

/** Until then it is too early to say what is missing. */
const PATIENT_S = 12;

/** What is said of the last thirty seconds, or at the end of all of it, and how much it rests on. */
export function VerdictPanel({ view }: { view: LiveView }) {
  const { event, phase } = view;
  const ended = phase === "ended";
  const result = ended ? event?.whole : event?.recent;
  const collecting = !ended && (event === undefined || event.state <= LiveState.COLLECTING);
  return (
    <section aria-labelledby="verdict" className="panel flex flex-col self-start p-5 sm:p-6">
      <h2 id="verdict" className="eyebrow">
        {ended ? WORDS.whole : WORDS.recent}
      </h2>
      {collecting || result === undefined ? (
        <Collecting why={(event?.throughS ?? 0) > PATIENT_S ? result?.insufficiency[0]?.text : undefined} />
      ) : (
        <Found result={result} />
      )}
      {event && <Remarks view={view} />}
      {event && <Facts view={view} />}
    </section>
  );
}

function Collecting({ why }: { why: string | undefined }) {
  return (
    <div role="status" className="mt-2">
      <p className="text-2xl font-semibold tracking-tight">{WORDS.collecting}</p>
      <p className="mt-1 text-quiet">{WORDS.collectingMore}</p>
      <div aria-hidden className="mt-4 h-1.5 overflow-hidden rounded-full bg-sunken">
        <div className="h-full w-1/3 animate-sweep rounded-full bg-accent" />
      </div>
      {why !== undefined && <p className="mt-3 text-sm text-quiet">{why}</p>}
    </div>
  );
}

function Found({ result }: { result: AnalysisResult }) {
  const part = headlineOf(result);
  const { title, tone } = verdictWords(result.verdict, result.model, part);
  return (
    <>
      <p role="status" className={`mt-2 text-3xl font-semibold tracking-tight ${TONE_TEXT[tone]}`}>
        {title}
      </p>
      <div className="live-gauge mt-3">
        {result.verdict === Verdict.INSUFFICIENT ? (
          <p className="text-quiet">{result.insufficiency[0]?.text}</p>
        ) : (
          <Gauge probFake={result.probFake} model={result.model} part={part} named={namesSide(result.verdict)} />
        )}
      </div>
      <PartLines result={result} />
      {result.faces.length > 1 && (
        <>
          <h3 className="mt-5 text-sm font-semibold">{WORDS.facesTitle}</h3>
          <ul className="mt-2 grid gap-1">
            {[...result.faces]
              .sort((one, other) => one.number - other.number)
              .map((face) => {
                const words = verdictWords(face.verdict, result.model);
                return (
                  <li key={face.number} className="flex justify-between gap-3 border-b border-line py-1.5">
                    <span>{WORDS.face(face.number)}</span>
                    <span className={TONE_TEXT[words.tone]}>
                      {words.title}
                      {face.verdict !== Verdict.INSUFFICIENT && (
                        <span className="ml-2 text-quiet tabular-nums">{formatProbability(face.probFake)}</span>
                      )}
                    </span>
                  </li>
                );
              })}
          </ul>
        </>
      )}
    </>
  );
}

function Remarks({ view: { event, phase, hasSound } }: { view: LiveView }) {
  if (phase !== "running" || event === undefined) return null;
  // That a silent source is silent is plain from the start, and the server's words for it are the same.
  const remarks = event.remarks.filter(({ reason }) => hasSound || reason !== "NO_SOUND").map(({ text }) => text);
  if (!hasSound) remarks.push(WORDS.silentCamera);
  if (remarks.length === 0) return null;
  return (
    <ul role="status" className="mt-5 grid gap-2 border-t border-line pt-4 text-sm">
      {remarks.map((text) => (
        <li key={text} className="flex gap-2">
          <Info aria-hidden className="mt-0.5 size-4 shrink-0 text-inconclusive" />
          {text}
        </li>
      ))}
    </ul>
  );
}

function Facts({ view: { event, phase } }: { view: LiveView }) {
  if (event === undefined) return null;
  const facts = [
    WORDS.judged(formatDuration(event.throughS)),
    phase === "running" && event.latencyS > 0 ? WORDS.behind(formatDuration(event.latencyS)) : undefined,
    event.windowsSkipped > 0 ? WORDS.skipped(event.windowsSkipped) : undefined,
  ].filter((fact) => fact !== undefined);
  return (
    <p className="mt-5 border-t border-line pt-4 text-sm text-quiet tabular-nums">
      {facts.join(" · ")}
      {phase !== "ended" && event.whole && event.whole.verdict !== Verdict.INSUFFICIENT && (
        <span className="block">
          {WORDS.soFar}: {verdictWords(event.whole.verdict, event.whole.model, headlineOf(event.whole)).title},{" "}
          {formatProbability(event.whole.probFake)}
        </span>
      )}
    </p>
  );
}
