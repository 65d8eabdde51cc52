/** Ties a video element to the playhead, in both directions. */

import type { Playhead } from "@/charts/playhead";

const EVENTS = ["loadeddata", "timeupdate", "seeking", "seeked"] as const;

/**
 * `offset` is what the player's clock shows at the first video frame, from which the playhead counts.
 *
 * Gives a function that unties them.
 */
export function follow(player: HTMLVideoElement, playhead: Playhead, offset: number): () => void {
  let frame = 0;
  const tell = () => playhead.moved(Math.max(0, player.currentTime - offset));
  // Events come four times a second; the mark on a moving face has to follow every frame.
  const onFrame = (_: number, { mediaTime }: VideoFrameCallbackMetadata) => {
    playhead.moved(Math.max(0, mediaTime - offset));
    frame = player.requestVideoFrameCallback(onFrame);
  };
  const precise = typeof player.requestVideoFrameCallback === "function";
  if (precise) frame = player.requestVideoFrameCallback(onFrame);
  for (const event of EVENTS) player.addEventListener(event, tell);
  const release = playhead.drivenBy((t) => {
    player.currentTime = t + offset;
  });
  return () => {
    release();
    for (const event of EVENTS) player.removeEventListener(event, tell);
    if (precise) player.cancelVideoFrameCallback(frame);
    playhead.moved(null);
  };
}
