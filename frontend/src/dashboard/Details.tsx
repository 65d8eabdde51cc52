"use client";

/** Everything of a dashboard that comes after the verdict. */

import dynamic from "next/dynamic";
import { useEffect, useMemo, useRef } from "react";
import type { AnalysisResult } from "@gen/notreally/v1/analysis_pb";

import { blinkTimes, faceTrace, isSilent, loudnessTrace, present } from "@/charts/series";
import { stretchesOf } from "@/charts/voice";

import { boxTrack } from "./boxes";
import { Evidence } from "./Evidence";
import type { FaceView } from "./faceView";
import { FeatureCards } from "./FeatureCards";
import { FileDetails } from "./FileDetails";
import { Filmstrip } from "./Filmstrip";
import { moments } from "./heat";
import { ModelDetails } from "./ModelDetails";
import { Moments } from "./Moments";
import { headlineOf, isSound } from "./part";
import type { DashboardProps } from "./props";
import { summariesOf, usualRange } from "./range";
import { Section } from "./Section";
import { Timeline } from "./Timeline";
import { hasScore } from "./verdict";
import { VideoPanel } from "./VideoPanel";
import { VoiceCard } from "./VoiceCard";
import { WaterfallChart } from "./WaterfallChart";
import { WhenNear } from "./WhenNear";

const CHARTS_HEIGHT = "h-[52rem]";
const SOUND_HEIGHT = "h-96";

// Long enough to read the verdict.
const READING_MS = 3000;

const SignalCharts = dynamic(() => import("@/charts/SignalCharts"), { ssr: false, loading: () => <ChartsToCome /> });

function ChartsToCome({ height = CHARTS_HEIGHT }: { height?: string }) {
  return <div className={`animate-pulse rounded-xl bg-sunken ${height}`} aria-hidden="true" data-charts-to-come="" />;
}

function PicturesToCome() {
  return <div className="h-64 animate-pulse rounded-xl bg-sunken" aria-hidden="true" data-pictures-to-come="" />;
}

/** What moved the score, what was heard of the voice, and the ten measurements behind both. */
export function Reasons({ result, face }: { result: AnalysisResult; face: FaceView }) {
  const isOfVoice = headlineOf(result) === "voice";
  return (
    <>
      {isOfVoice && <VoiceCard result={result} />}
      <Why result={result} face={face} />
      {!isOfVoice && <VoiceCard result={result} />}
      <FeatureCards result={result} face={face} />
    </>
  );
}

/** What moved the score, beside what it rests on. Where there is no score, only the latter. */
function Why({ result, face }: { result: AnalysisResult; face: FaceView }) {
  const scored = hasScore({ verdict: face.verdict, model: result.model });
  if (!scored) return <Evidence result={result} wide />;
  return (
    <div className="grid gap-x-6 gap-y-12 lg:grid-cols-[minmax(0,1fr)_20rem] xl:grid-cols-[minmax(0,1fr)_24rem]">
      <WaterfallChart result={result} face={face} />
      <Evidence result={result} />
    </div>
  );
}

/** Where the reasons end. Says when the reader comes near it, or has had time to read what is above. */
export function EndOfReasons({ onNear }: { onNear: () => void }) {
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!end.current) return;
    const observer = new IntersectionObserver(
      (entries) => entries.some(({ isIntersecting }) => isIntersecting) && onNear(),
      // A screen ahead of the reader.
      { rootMargin: "100% 0px" },
    );
    observer.observe(end.current);
    const timer = setTimeout(onNear, READING_MS);
    return () => {
      observer.disconnect();
      clearTimeout(timer);
    };
  }, [onNear]);
  return <div ref={end} aria-hidden="true" />;
}

interface MaterialProps extends DashboardProps {
  result: AnalysisResult;
  face: FaceView;
}

/** What was looked at: the video with its charts, the file, the model. */
export function Material({ analysis, result, ...rest }: MaterialProps) {
  return (
    <>
      <Watch analysis={analysis} result={result} {...rest} />
      {result.metadata && <FileDetails facts={result.metadata} media={analysis.media} />}
      <ModelDetails result={result} />
    </>
  );
}

/** The video beside its charts, on one clock; the player of a sound file above them. */
function Watch({ analysis, awaitsRest, result, face, videoFile, download }: MaterialProps) {
  const { series } = result;
  const faces = useMemo(() => series?.faces ?? [], [series]);
  const track = useMemo(() => boxTrack(faces), [faces]);
  const loudness = useMemo(() => loudnessTrace(series?.sounds ?? []), [series]);
  const silent = isSilent(loudness);
  const hasCharts =
    series !== undefined &&
    (present(faceTrace(faces, "eyeAspectRatio")).length > 0 || (present(loudness).length > 0 && !silent));
  const willHaveCharts = awaitsRest && (result.faces.length > 0 || result.metadata?.audio !== undefined);
  const summaries = useMemo(() => summariesOf(result.model), [result.model]);
  const stretches = useMemo(() => stretchesOf(result.voice), [result.voice]);
  const sound = isSound(result.metadata);
  const usual = usualRange(summaries, "nose_jitter");
  const scored = useMemo(() => moments(face.thumbnails), [face.thumbnails]);
  const headline = result.faces[0]?.number;
  const isOfFace = headlineOf(result) === "face";
  const height = sound ? SOUND_HEIGHT : CHARTS_HEIGHT;
  const beside = hasCharts || willHaveCharts ? "grid gap-8 lg:grid-cols-[minmax(0,5fr)_minmax(0,7fr)]" : "max-w-3xl";
  return (
    <Section
      title={sound ? "Recording and charts" : "Video and charts"}
      about={[
        hasCharts &&
          (sound
            ? "Point at a chart to read its values at that time; press it to go there in the recording."
            : "Point at a chart to read its values at that time; press it to go there in the video."),
        result.faces.length > 1 &&
          (isOfFace
            ? `The charts, the timeline and the mark follow face ${headline}, which the verdict is about.`
            : `The charts, the timeline and the mark follow face ${headline}, the most suspicious one.`),
      ]
        .filter(Boolean)
        .join(" ")}
    >
      <div className={sound ? "grid gap-5" : beside}>
        <div className={`grid content-start gap-5 ${sound ? "" : "self-start lg:sticky lg:top-4"}`}>
          <VideoPanel
            file={videoFile}
            sizeBytes={Number(analysis.media?.sizeBytes ?? 0)}
            removed={analysis.mediaRemoveTime !== undefined}
            download={download}
            facts={result.metadata}
            track={track}
            pictures={face.thumbnails.length > 0}
          />
          {result.faces.length > 0 && (
            <Timeline
              segments={result.timeline}
              blinks={blinkTimes(faces)}
              duration={result.quality?.durationS ?? 0}
              summaries={summaries}
            />
          )}
          {awaitsRest && result.faces.length > 0 && <PicturesToCome />}
          {!awaitsRest && result.faces.length > 1 && face.thumbnails.length === 0 && (
            <p className="text-sm text-quiet">Pictures are kept of the largest face alone, and this is another one.</p>
          )}
          <Moments moments={scored} summaries={summaries} />
          <Filmstrip thumbnails={scored.length > 0 ? [] : face.thumbnails} />
        </div>
        {willHaveCharts && <ChartsToCome height={height} />}
        {hasCharts && (
          <div className="panel min-w-0 p-4 sm:p-5">
            {result.faces.length === 0 && !sound && (
              <p className="mb-6 text-quiet">No face was found, so there are no charts of eyes, nose and mouth.</p>
            )}
            <WhenNear height={height}>
              <SignalCharts
                series={series}
                durationS={result.quality?.durationS}
                stretches={stretches}
                typicalJitter={usual && { from: 100 * usual.p05, to: 100 * usual.p95 }}
              />
            </WhenNear>
            {result.faces.length > 0 && (series.sounds.length === 0 || silent) && (
              <p className="mt-6 text-sm text-quiet">
                {silent
                  ? "The sound track is silent, so none is drawn."
                  : result.metadata?.audio
                    ? "The sound was not analysed, so none is drawn."
                    : "The video has no sound, so none is drawn."}
              </p>
            )}
          </div>
        )}
      </div>
    </Section>
  );
}
