"use client";

/** Ties a player to the playhead, in both directions. */

import { useCallback } from "react";

import { type Playhead, usePlayhead } from "@/charts/playhead";

const EVENTS = ["loadeddata", "timeupdate", "seeking", "seeked"] as const;

/** A ref for the element that plays a file; `offset` as in `follow`. */
export function usePlayed(file: Blob, offset: number) {
  const playhead = usePlayhead();
  return useCallback(
    (player: HTMLMediaElement | null) => {
      if (!player) return undefined;
      const url = URL.createObjectURL(file);
      player.src = url;
      const stop = follow(player, playhead, offset);
      return () => {
        stop();
        player.removeAttribute("src");
        player.load();
        URL.revokeObjectURL(url);
      };
    },
    [file, playhead, offset],
  );
}

/**
 * `offset` is what the player's clock shows at the first video frame, from which the playhead counts.
 *
 * Gives a function that unties them.
 */
export function follow(player: HTMLMediaElement, playhead: Playhead, offset: number): () => void {
  const tell = () => playhead.moved(Math.max(0, player.currentTime - offset));
  const untie = player instanceof HTMLVideoElement ? followFrames(player, playhead, offset) : () => undefined;
  for (const event of EVENTS) player.addEventListener(event, tell);
  const release = playhead.drivenBy((t) => {
    player.currentTime = t + offset;
  });
  return () => {
    release();
    for (const event of EVENTS) player.removeEventListener(event, tell);
    untie();
    playhead.moved(null);
  };
}

/** Events come four times a second; the mark on a moving face has to follow every frame. */
function followFrames(player: HTMLVideoElement, playhead: Playhead, offset: number): () => void {
  if (typeof player.requestVideoFrameCallback !== "function") return () => undefined;
  let frame = 0;
  const onFrame = (_: number, { mediaTime }: VideoFrameCallbackMetadata) => {
    playhead.moved(Math.max(0, mediaTime - offset));
    frame = player.requestVideoFrameCallback(onFrame);
  };
  frame = player.requestVideoFrameCallback(onFrame);
  return () => player.cancelVideoFrameCallback(frame);
}
