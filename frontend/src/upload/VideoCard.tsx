"use client";

import { AnalysisState } from "@gen/notreally/v1/analysis_pb";
import { Info, type LucideIcon, Pause, Play, X } from "lucide-react";
import Link from "next/link";
import { useRef, useState } from "react";

import { useAnalysis } from "@/lib/analysis";
import { formatBytes, formatPercent, formatSpeed, formatTimeLeft } from "@/lib/format";
import { analysisPage } from "@/lib/names";
import { queue, useWatched } from "@/lib/session";
import { VerdictChip } from "@/history/VerdictChip";
import { Bar } from "@/progress/Bar";
import { ProgressView } from "@/progress/ProgressView";

import { ACCEPT } from "./checks";
import { CHOOSE_BUTTON } from "./DropZone";
import type { Item } from "./queue";
import { isAnalysing, isDone, isSending } from "./video";

/** One file and what is becoming of it. */
export function VideoCard({ item }: { item: Item }) {
  const { video, filename, size } = item;
  // A verdict that was there before the card is no news.
  const [phaseBefore] = useState(video.phase);
  return (
    <li className="panel p-4 sm:p-5">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <div className="min-w-0 grow basis-40">
          <h3 className="truncate font-medium" title={filename} tabIndex={-1}>
            {filename}
          </h3>
          <p className="text-sm text-quiet">{formatBytes(size)}</p>
        </div>
        <Actions item={item} />
      </div>
      {isSending(video) && <Sending item={item} />}
      {isAnalysing(video) && <Analysing item={item} />}
      {video.phase === "succeeded" && video.analysis && (
        <Verdict analysis={video.analysis} filename={filename} isNews={phaseBefore !== "succeeded"} />
      )}
      {video.message !== undefined && (
        <p className="mt-3 flex gap-2">
          <Info aria-hidden size={18} className="mt-0.5 shrink-0 text-quiet" />
          <span className="min-w-0">{video.message}</span>
        </p>
      )}
      {video.phase === "cancelled" && <p className="mt-3 text-quiet">Cancelled.</p>}
    </li>
  );
}

function Actions({ item: { id, filename, video } }: { item: Item }) {
  const isPaused = video.phase === "paused";
  const cancel = video.cancelling ? "Cancelling" : "Cancel";
  return (
    <div className="flex flex-wrap items-center gap-2">
      {video.analysis !== undefined && (
        <Link
          href={analysisPage(video.analysis)}
          className="button"
          aria-label={video.phase === "succeeded" ? `See why: ${filename}` : `Open the analysis of ${filename}`}
        >
          {video.phase === "succeeded" ? "See why" : "Open"}
        </Link>
      )}
      {/* A button that takes the place of another is the same one, so that it keeps the focus. */}
      {(isPaused || video.phase === "uploading" || video.phase === "picked") && (
        <Action
          label={isPaused ? `Resume the upload of ${filename}` : `Pause the upload of ${filename}`}
          Icon={isPaused ? Play : Pause}
          onClick={() => (isPaused ? queue.resume(id) : queue.pause(id))}
        />
      )}
      {isDone(video) ? (
        <Action label={`Remove ${filename} from the list`} Icon={X} onClick={(button) => takeOff(id, button)} />
      ) : (
        <Action label={`${cancel} ${filename}`} text={cancel} onClick={() => void queue.cancel(id)} />
      )}
    </div>
  );
}

interface ActionProps {
  label: string;
  Icon?: LucideIcon;
  text?: string;
  onClick: (button: HTMLElement) => void;
}

function Action({ label, Icon, text, onClick }: ActionProps) {
  return (
    <button
      ref={leaveFocus}
      type="button"
      className={`button ${Icon ? "w-10 p-0" : ""}`}
      aria-label={label}
      title={label}
      onClick={(event) => onClick(event.currentTarget)}
    >
      {Icon ? <Icon aria-hidden size={18} /> : text}
    </button>
  );
}

/** A button that goes before its card does, as when an upload is over, leaves its focus to the name of the file. */
function leaveFocus(button: HTMLElement | null) {
  return () => {
    if (button && document.activeElement === button) focusName(button.closest("li"));
  };
}

/** Takes a card off the list; whoever did it goes on at the next one, the one before, or where files are chosen. */
function takeOff(id: string, button: HTMLElement): void {
  const card = button.closest("li");
  const neighbour = card?.nextElementSibling ?? card?.previousElementSibling;
  if (neighbour) focusName(neighbour);
  else document.getElementById(CHOOSE_BUTTON)?.focus();
  queue.remove(id);
}

function focusName(card: Element | null): void {
  card?.querySelector<HTMLElement>("h3")?.focus();
}

function Sending({ item }: { item: Item }) {
  const { filename, size, video, bytesPerSecond } = item;
  const share = size > 0 ? video.committed / size : 0;
  const facts = [`${formatBytes(video.committed)} of ${formatBytes(size)}`];
  if (video.phase === "uploading" && bytesPerSecond) {
    facts.push(formatSpeed(bytesPerSecond), formatTimeLeft((size - video.committed) / bytesPerSecond));
  }
  return (
    <div className="mt-4">
      <div className="flex items-baseline justify-between gap-4">
        <p className="font-medium">{sendingLabel(item)}</p>
        <p className="text-2xl font-semibold tabular-nums">{formatPercent(Math.floor(share * 100) / 100)}</p>
      </div>
      <div className="mt-2">
        <Bar label={`Upload of ${filename}`} fraction={share} text={`${formatPercent(share)} uploaded`} />
      </div>
      <p className="mt-2 min-h-5 text-sm text-quiet tabular-nums">{facts.join(" · ")}</p>
      {video.trouble !== undefined && <p className="mt-1 text-sm">{video.trouble}</p>}
      {video.phase === "fileless" && <FilePicker item={item} />}
    </div>
  );
}

function sendingLabel({ video }: Item): string {
  switch (video.phase) {
    case "paused":
      return "Paused";
    case "fileless":
      return "Not finished";
    case "picked":
      return "Waiting for its turn";
    default:
      return video.trouble === undefined ? "Uploading" : "Trying again";
  }
}

/** After a reload, a file that could not be kept has to be chosen once more. */
function FilePicker({ item: { id, filename } }: { item: Item }) {
  const input = useRef<HTMLInputElement>(null);
  const [problem, setProblem] = useState<string>();
  return (
    <div className="mt-3 flex flex-wrap items-center gap-3">
      <p className="text-sm">Choose the file again, and the upload resumes where it stopped.</p>
      <button ref={leaveFocus} type="button" className="button max-w-full" onClick={() => input.current?.click()}>
        <span className="truncate">Choose {filename}</span>
      </button>
      <input
        ref={input}
        type="file"
        hidden
        accept={ACCEPT}
        aria-label={`The file ${filename}`}
        onChange={(event) => {
          const file = event.target.files?.[0];
          event.target.value = "";
          if (file) void queue.giveFile(id, file).then(setProblem);
        }}
      />
      {problem !== undefined && (
        <p role="alert" className="w-full text-sm">
          {problem}
        </p>
      )}
    </div>
  );
}

function Analysing({ item: { filename, video } }: { item: Item }) {
  const watched = useWatched(video.analysis);
  return (
    <div className="mt-4">
      <ProgressView watched={watched} filename={filename} />
      {video.trouble !== undefined && (
        <p role="alert" className="mt-3 text-sm">
          {video.trouble}
        </p>
      )}
    </div>
  );
}

function Verdict({ analysis, filename, isNews }: { analysis: string; filename: string; isNews: boolean }) {
  const loaded = useAnalysis(analysis);
  return (
    <div role={isNews ? "status" : undefined} className="mt-3 min-h-7">
      {loaded.kind === "loaded" && loaded.analysis.state === AnalysisState.SUCCEEDED && (
        <>
          <span className="sr-only">Verdict on {filename}: </span>
          <VerdictChip analysis={loaded.analysis} />
        </>
      )}
    </div>
  );
}
