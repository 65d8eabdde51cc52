"use client";

/** A sound file; the shared playhead follows it and drives it. */

import { usePlayed } from "./follow";

interface AudioPlayerProps {
  sound: Blob;
  /** The browser cannot play it. */
  onUnplayable: () => void;
}

export function AudioPlayer({ sound, onUnplayable }: AudioPlayerProps) {
  const show = usePlayed(sound, 0);
  return (
    <audio
      ref={show}
      controls
      preload="auto"
      className="block w-full"
      aria-label="The analysed recording"
      onError={onUnplayable}
    />
  );
}
