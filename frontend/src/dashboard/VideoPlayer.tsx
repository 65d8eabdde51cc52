"use client";

/** The video itself, with the face marked in it; the shared playhead follows it and drives it. */

import { useState } from "react";
import type { MediaFacts } from "@gen/notreally/v1/metadata_pb";

import { type BoxTrack, firstFrameAt } from "./boxes";
import { FaceBox } from "./FaceBox";
import { usePlayed } from "./follow";

interface VideoPlayerProps {
  video: Blob;
  facts: MediaFacts | undefined;
  track: BoxTrack;
  /** The browser cannot play it. */
  onUnplayable: () => void;
}

export function VideoPlayer({ video, facts, track, onUnplayable }: VideoPlayerProps) {
  const [marked, setMarked] = useState(true);
  const offset = firstFrameAt(facts);
  const width = facts?.video?.width || 16;
  const height = facts?.video?.height || 9;
  const show = usePlayed(video, offset);
  return (
    <div>
      <div className="overflow-hidden rounded-xl border border-line bg-black">
        {/* As large as fits without cropping or jumping, whatever its shape. */}
        <div
          className="relative mx-auto"
          style={{
            aspectRatio: `${width} / ${height}`,
            maxWidth: `calc(min(27rem, 62vh) * ${(width / height).toFixed(4)})`,
          }}
        >
          <video
            ref={show}
            controls
            playsInline
            preload="auto"
            className="block size-full"
            aria-label="The analysed video"
            onError={onUnplayable}
            // Sound that plays without a picture is no playing.
            onLoadedMetadata={(event) => event.currentTarget.videoWidth === 0 && onUnplayable()}
          />
          {marked && <FaceBox track={track} />}
        </div>
      </div>
      {track.boxes.length > 0 && (
        <label className="mt-2 inline-flex min-h-6 cursor-pointer items-center gap-2 text-sm text-quiet">
          <input
            type="checkbox"
            className="size-4 accent-accent"
            checked={marked}
            onChange={(event) => setMarked(event.target.checked)}
          />
          Mark the face that was followed
        </label>
      )}
    </div>
  );
}
