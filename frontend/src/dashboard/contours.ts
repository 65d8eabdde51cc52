/** The face as lines in the picture at a time. Which points are joined comes with the result. */

import type { FaceContours } from "@gen/notreally/v1/media_pb";
import type { FaceSeries } from "@gen/notreally/v1/series_pb";

import { firstFrom } from "@/charts/series";

/** So many make the width, and the height, of the face box. */
export const SHARES = 1000;
/** Seconds between two frames from which those between are drawn. */
const JOINED = 0.25;
/** Seconds that a frame holds where it has no neighbour to join. */
const HELD = 0.2;

interface Line {
  points: number;
  closed: boolean;
}

export interface Contours {
  lines: readonly Line[];
  /** x and y of each point of each line, in thousandths of the face box. */
  places: readonly number[];
}

export interface TimedContours extends Contours {
  t: number;
}

/** All frames that were drawn, ascending. */
export function contourTrack(faces: readonly FaceSeries[]): TimedContours[] {
  return faces.flatMap(({ contours, timesS }) => (contours ? unpacked(contours, timesS) : []));
}

/** Between two frames near each other what lies between them, else the nearest; null when none is near. */
export function contoursAt(track: readonly TimedContours[], t: number): Contours | null {
  const index = firstFrom(track, t);
  const [before, after] = [track[index - 1], track[index]];
  if (before && after && after.t - before.t <= JOINED && before.places.length === after.places.length) {
    const share = (t - before.t) / (after.t - before.t);
    const places = before.places.map((from, index) => from + share * ((after.places[index] ?? from) - from));
    return { lines: after.lines, places };
  }
  const distance = (each: TimedContours | undefined) => (each ? Math.abs(each.t - t) : Infinity);
  const nearest = distance(before) < distance(after) ? before : after;
  return nearest && distance(nearest) <= HELD ? nearest : null;
}

/** The lines as an SVG path. */
export function pathOf({ lines, places }: Contours): string {
  let first = 0;
  return lines
    .map(({ points, closed }) => {
      const line = places.slice(2 * first, 2 * (first + points)).map((place) => place.toFixed(1));
      first += points;
      return `M${line.join(" ")}${closed ? "Z" : ""}`;
    })
    .join("");
}

/** Steps from point to point become places. */
function unpacked({ linePoints, lineClosed, frames, steps }: FaceContours, timesS: readonly number[]): TimedContours[] {
  const lines = linePoints.map((points, index) => ({ points, closed: lineClosed[index] ?? false }));
  const count = 2 * linePoints.reduce((sum, points) => sum + points, 0);
  return frames.flatMap((frame, index) => {
    const t = timesS[frame];
    const places = steps.slice(count * index, count * (index + 1));
    if (t === undefined || places.length < count) return [];
    for (let i = 2; i < count; i += 1) places[i] = (places[i] ?? 0) + (places[i - 2] ?? 0);
    return [{ t, lines, places }];
  });
}
