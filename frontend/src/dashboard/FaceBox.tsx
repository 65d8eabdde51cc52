"use client";

import { useVideoTime } from "@/charts/playhead";

import { boxAt, type BoxTrack } from "./boxes";
import { contoursAt, pathOf, SHARES } from "./contours";

/** The face in the frame that is shown and the lines along it, over a picture of the same shape. */
export function FaceBox({ track }: { track: BoxTrack }) {
  const time = useVideoTime();
  const box = time === null ? null : boxAt(track, time);
  if (time === null || !box) return null;
  const rect = {
    x: `${100 * box.left}%`,
    y: `${100 * box.top}%`,
    width: `${100 * box.width}%`,
    height: `${100 * box.height}%`,
  };
  const contours = contoursAt(track.contours, time);
  const lines = contours && {
    d: pathOf(contours),
    fill: "none",
    strokeLinejoin: "round" as const,
    vectorEffect: "non-scaling-stroke",
  };
  return (
    <svg className="pointer-events-none absolute inset-0 size-full" aria-hidden="true" data-face-box="">
      {/* Two strokes: one of them stands out on any picture. */}
      <rect {...rect} rx="6" fill="none" stroke="#000" strokeOpacity="0.55" strokeWidth="4" />
      <rect {...rect} rx="6" fill="none" stroke="#fff" strokeWidth="2" />
      {lines && (
        <svg {...rect} viewBox={`0 0 ${SHARES} ${SHARES}`} preserveAspectRatio="none" overflow="visible">
          <path {...lines} stroke="#000" strokeOpacity="0.3" strokeWidth="2.5" />
          <path {...lines} stroke="#fff" strokeOpacity="0.9" strokeWidth="1.25" data-face-lines="" />
        </svg>
      )}
    </svg>
  );
}
