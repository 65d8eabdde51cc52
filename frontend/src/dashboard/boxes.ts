/** Where the face is in the picture at a time. */

import type { MediaFacts } from "@gen/notreally/v1/metadata_pb";
import type { FaceSeries } from "@gen/notreally/v1/series_pb";

import { firstFrom, median } from "@/charts/series";

import { contourTrack, type TimedContours } from "./contours";

/** Shares of the upright frame. */
export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface TimedBox {
  t: number;
  /** Null when the frame was looked at and the face was not found. */
  box: Box | null;
}

export interface BoxTrack {
  boxes: TimedBox[];
  /** A box holds for so many seconds on both sides. */
  within: number;
  /** Lines along the face, in the box of their time. */
  contours: TimedContours[];
}

export function boxTrack(faces: readonly FaceSeries[]): BoxTrack {
  const boxes = faces.flatMap((face) => face.timesS.map((t, index) => ({ t, box: boxOf(face.boxes, index) })));
  const step = median(boxes.slice(1).map(({ t }, index) => t - (boxes[index]?.t ?? t))) ?? 0;
  return { boxes, within: 1.5 * step, contours: contourTrack(faces) };
}

/** The box of the nearest frame; null when no frame near it was looked at or the face was not found in it. */
export function boxAt(track: BoxTrack, t: number): Box | null {
  const after = firstFrom(track.boxes, t);
  const nearest = [track.boxes[after - 1], track.boxes[after]]
    .filter((each): each is TimedBox => each !== undefined && Math.abs(each.t - t) <= track.within)
    .sort((a, b) => Math.abs(a.t - t) - Math.abs(b.t - t))[0];
  return nearest?.box ?? null;
}

/**
 * What a player's clock shows at the first video frame: players count from the first stream that begins, results from
 * the first frame.
 */
export function firstFrameAt(facts: MediaFacts | undefined): number {
  const start = facts?.video?.startS ?? 0;
  return Math.max(0, start - Math.min(start, facts?.audio?.startS ?? start));
}

function boxOf(boxes: readonly number[], index: number): Box | null {
  const [left, top, width, height] = boxes.slice(4 * index, 4 * index + 4);
  if (left === undefined || top === undefined || width === undefined || height === undefined) return null;
  return [left, top, width, height].every(Number.isFinite) ? { left, top, width, height } : null;
}
