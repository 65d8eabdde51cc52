"use client";

/** The whole answer to one analysis: what the reader sees first is drawn first, and its code comes first. */

import { Braces, Printer } from "lucide-react";
import dynamic from "next/dynamic";
import { type ComponentType, startTransition, useCallback, useEffect, useState } from "react";
import type { Analysis } from "@gen/notreally/v1/analysis_pb";

import { Playhead, PlayheadProvider } from "@/charts/playhead";
import { api } from "@/lib/api/client";
import { failureOf } from "@/lib/api/errors";

import { Credentials } from "./Credentials";
import { analysisJson, jsonName, saveAs } from "./exportJson";
import { FaceTabs } from "./FaceTabs";
import { faceView } from "./faceView";
import type { DashboardProps } from "./props";
import { VerdictHeader } from "./VerdictHeader";

// Nobody reads them before the verdict.
const Reasons = dynamic(() => import("./Details").then((details) => details.Reasons), {
  ssr: false,
  loading: () => <ToCome />,
});
const End = dynamic(() => import("./Details").then((details) => details.EndOfReasons), { ssr: false });
const Material = dynamic(() => import("./Details").then((details) => details.Material), { ssr: false });
const reportCode = () => import("@/report/Report").then(({ Report }) => Report);

// So long a frame takes, from being drawn to being on the screen.
const FRAME_MS = 50;

// So long a printed report waits for its pictures.
const PATIENCE_MS = 5000;

export function Dashboard({ analysis, awaitsRest = false, videoFile, download, onReadOn }: DashboardProps) {
  const [playhead] = useState(() => new Playhead());
  const [number, setNumber] = useState<number | undefined>();
  const isDrawn = useIsDrawn();
  const [readsOn, setReadsOn] = useState(false);
  const readOn = useCallback(() => {
    startTransition(() => setReadsOn(true));
    onReadOn?.();
  }, [onReadOn]);
  const report = useReport(readsOn, awaitsRest);
  const print = () => {
    onReadOn?.();
    report.print();
  };
  const { result } = analysis;
  if (!result) return null;
  const face = faceView(result, number);
  return (
    <PlayheadProvider value={playhead}>
      <div className="grid min-h-screen content-start gap-12 print:hidden">
        <FaceTabs result={result} awaitsPictures={awaitsRest} selected={face.number} onSelect={setNumber}>
          <VerdictHeader result={result} face={face} actions={<Actions analysis={analysis} print={print} />} />
          <Credentials credentials={result.metadata?.credentials} />
          {isDrawn && <Reasons result={result} face={face} />}
        </FaceTabs>
        {isDrawn && !readsOn && <End onNear={readOn} />}
        {isDrawn && (
          // There from the start, to be searched and tabbed through; charts and pictures keep their place until they come.
          <Material
            analysis={analysis}
            awaitsRest={awaitsRest}
            result={result}
            face={face}
            videoFile={videoFile}
            download={download}
          />
        )}
      </div>
      {report.Report && <report.Report analysis={analysis} />}
    </PlayheadProvider>
  );
}

/** Keeps the place of what is on its way. */
function ToCome() {
  return <div className="h-[48rem] animate-pulse rounded-xl bg-sunken" aria-hidden="true" />;
}

/** Whether it has been on the screen once, so that the verdict need not wait for the rest. */
function useIsDrawn(): boolean {
  const [isDrawn, setDrawn] = useState(false);
  useEffect(() => {
    // When the next frame is on the screen. A page in the background has no frames, and need not wait for any.
    const drawn = () => startTransition(() => setDrawn(true));
    let timer = document.hidden ? setTimeout(drawn) : undefined;
    const frame = requestAnimationFrame(() => (timer ??= setTimeout(drawn, FRAME_MS)));
    return () => {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
    };
  }, []);
  return isDrawn;
}

/** The page for paper, once it is `wanted` or printed; it is not printed while it `awaitsRest`, as long as that is soon. */
function useReport(wanted: boolean, awaitsRest: boolean) {
  const [Report, setReport] = useState<ComponentType<{ analysis: Analysis }>>();
  const [printing, setPrinting] = useState(false);
  useEffect(() => {
    if (!wanted && !printing) return;
    // Where it does not come, the button asks again.
    void reportCode().then((code) => startTransition(() => setReport(() => code)), () => setPrinting(false));
  }, [wanted, printing]);
  useEffect(() => {
    if (!printing || !Report) return;
    const go = () => {
      setPrinting(false);
      void printWithPictures();
    };
    const timer = setTimeout(go, awaitsRest ? PATIENCE_MS : 0);
    return () => clearTimeout(timer);
  }, [printing, Report, awaitsRest]);
  const print = useCallback(() => setPrinting(true), []);
  return { Report, print };
}

async function printWithPictures(): Promise<void> {
  const pictures = document.querySelectorAll<HTMLImageElement>("[data-report] img");
  await Promise.allSettled(Array.from(pictures, (picture) => picture.decode()));
  window.print();
}

function Actions({ analysis, print }: { analysis: Analysis; print: () => void }) {
  const [problem, setProblem] = useState<string>();
  const save = () =>
    analysisJson(api(), analysis.name).then(
      (text) => saveAs(jsonName(analysis.filename), text),
      (error: unknown) => setProblem(failureOf(error).message),
    );
  return (
    <div className="flex flex-wrap items-center gap-2">
      {problem !== undefined && <p role="alert">{problem}</p>}
      <button type="button" className="button" onClick={print}>
        <Printer className="size-4" aria-hidden="true" />
        Print a report
      </button>
      <button
        type="button"
        className="button"
        onClick={() => void save()}
      >
        <Braces className="size-4" aria-hidden="true" />
        Download as JSON
      </button>
    </div>
  );
}
