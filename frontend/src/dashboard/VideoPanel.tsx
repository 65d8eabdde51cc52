"use client";

/** The video or the sound file where it can be played, else what is left of it. */

import { AudioLines, Download, Film } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import type { MediaFacts } from "@gen/notreally/v1/metadata_pb";

import { failureOf } from "@/lib/api/errors";
import { formatBytes, formatPercent } from "@/lib/format";

import { AudioPlayer } from "./AudioPlayer";
import type { BoxTrack } from "./boxes";
import { isSound } from "./part";
import { VideoPlayer } from "./VideoPlayer";

/** Fetches the whole file; calls back with the bytes received so far, and whether it has to try again. */
export type Download = (
  onProgress: (receivedBytes: number, isTryingAgain: boolean) => void,
  signal: AbortSignal,
) => Promise<Blob>;

interface VideoPanelProps {
  /** The picked file, where this page still has it. */
  file?: File;
  sizeBytes: number;
  /** Whether the server has kept the result and not the video. */
  removed: boolean;
  download: Download;
  facts: MediaFacts | undefined;
  track: BoxTrack;
  /** Whether pictures of the face are shown beside this. */
  pictures: boolean;
}

type Loading = { received: number; isTryingAgain: boolean } | { problem: string } | null;

export function VideoPanel({ file, sizeBytes, removed, download, facts, track, pictures }: VideoPanelProps) {
  const [fetched, setFetched] = useState<Blob | null>(null);
  const [loading, setLoading] = useState<Loading>(null);
  const [unplayable, setUnplayable] = useState(false);
  const [lost, setLost] = useState(false);
  const stop = useRef<AbortController>(undefined);
  useEffect(() => () => stop.current?.abort(), []);
  const what = isSound(facts) ? "recording" : "video";
  const video = (lost ? undefined : file) ?? fetched;

  const load = async () => {
    const { signal } = (stop.current = new AbortController());
    const onProgress = (received: number, isTryingAgain: boolean) => setLoading({ received, isTryingAgain });
    onProgress(0, false);
    try {
      setFetched(await download(onProgress, signal));
      setLoading(null);
    } catch (error) {
      if (signal.aborted) return;
      const { reason, message } = failureOf(error);
      setLoading({ problem: reason === "" ? `The ${what} could not be loaded. Try again.` : message });
    }
  };

  /** A file that was moved, changed or deleted since it was picked fails as one does that the browser does not know. */
  const onUnplayable = async (played: Blob) => {
    const isThere = played !== file || (await file.slice(0, 1).arrayBuffer().then(() => true, () => false));
    if (isThere) setUnplayable(true);
    else setLost(true);
  };

  if (video && !unplayable && isSound(facts)) {
    return <AudioPlayer sound={video} onUnplayable={() => void onUnplayable(video)} />;
  }
  if (video && !unplayable) {
    return <VideoPlayer video={video} facts={facts} track={track} onUnplayable={() => void onUnplayable(video)} />;
  }
  return (
    <div className="panel p-4 sm:p-5">
      {lost && (
        <p className="mb-3 max-w-prose text-quiet">
          The file that you chose cannot be read any more: it was moved, changed or deleted.
        </p>
      )}
      {unplayable ? (
        <p className="max-w-prose text-quiet">
          This browser cannot play the {what}
          {codecOf(facts)}; the analysis does not depend on that.
          {pictures && " The pictures below are from it."}
        </p>
      ) : removed ? (
        <p className="max-w-prose text-quiet">
          The server keeps {what}s for a time only, and this one is gone. What was measured in it is still here.
        </p>
      ) : (
        <Offer what={what} loading={loading} sizeBytes={sizeBytes} onLoad={load} />
      )}
    </div>
  );
}

/** In brackets, after what it is of. */
function codecOf(facts: MediaFacts | undefined): string {
  const codec = (facts?.video ?? facts?.audio)?.codec;
  return codec ? ` (${codec})` : "";
}

interface OfferProps {
  /** What it is, in a word. */
  what: string;
  loading: Loading;
  sizeBytes: number;
  onLoad: () => void;
}

function Offer({ what, loading, sizeBytes, onLoad }: OfferProps) {
  if (loading && "received" in loading) {
    const share = sizeBytes > 0 ? Math.min(1, loading.received / sizeBytes) : 0;
    return (
      <div>
        <p id="video-loading" className="flex justify-between gap-3 text-sm text-quiet tabular-nums">
          <span role="status">
            {loading.isTryingAgain ? "The server does not answer; trying again" : `Loading the ${what}`}
          </span>
          <span>
            {formatBytes(loading.received)} of {formatBytes(sizeBytes)}, {formatPercent(share)}
          </span>
        </p>
        <progress
          aria-labelledby="video-loading"
          className="mt-2 h-1.5 w-full appearance-none overflow-hidden rounded-full bg-sunken accent-accent [&::-moz-progress-bar]:bg-accent [&::-webkit-progress-bar]:bg-sunken [&::-webkit-progress-value]:bg-accent"
          value={share}
        />
      </div>
    );
  }
  const Icon = what === "video" ? Film : AudioLines;
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-3">
      <Icon className="size-6 text-quiet" aria-hidden="true" />
      <p className="min-w-40 flex-1 text-quiet" role={loading ? "alert" : undefined}>
        {loading ? loading.problem : `The ${what} is on the server and has not been loaded.`}
      </p>
      <button type="button" className="button" onClick={onLoad}>
        <Download className="size-4" aria-hidden="true" />
        Load the {what} ({formatBytes(sizeBytes)})
      </button>
    </div>
  );
}
