import { useEffect, useRef, useState } from "react";
import type { LiveFace } from "@gen/notreally/v1/live_pb";
import { Verdict, type FaceResult } from "@gen/notreally/v1/analysis_pb";

import { Glance, type Seen } from "./glance";
import type { LiveView } from "./session";
import { WORDS } from "./words";

const LOOK_MS = 1000;

/** The picture as it is recorded, with a box where each face was seen last. */
export function Picture({ view }: { view: LiveView }) {
  const video = useRef<HTMLVideoElement>(null);
  const [size, setSize] = useState<[number, number]>([16, 9]);
  const seen = useGlance(video, view);
  useEffect(() => {
    if (video.current) video.current.srcObject = view.stream ?? null;
  }, [view.stream]);
  const isOn = view.stream !== undefined;
  const [width, height] = size;
  return (
    <div>
      <div className="grid max-h-[70vh] place-items-center overflow-hidden rounded-xl border border-line bg-sunken">
        <div className="relative max-h-[70vh] max-w-full" style={{ aspectRatio: `${width} / ${height}`, width: `min(100%, ${(70 * width) / height}vh)` }}>
          <video
            ref={video}
            aria-label={WORDS.video}
            className={`block size-full ${isOn ? "" : "invisible"}`}
            autoPlay
            muted
            playsInline
            onResize={({ currentTarget }) => setSize([currentTarget.videoWidth || 16, currentTarget.videoHeight || 9])}
          />
          {isOn &&
            view.event?.faces
              .filter(({ present }) => present)
              .map((face) => <Box key={face.number} face={face} result={resultOf(view, face.number)} />)}
        </div>
      </div>
      {seen !== undefined && (
        <p role="status" className="mt-3">
          {seen === "black" ? WORDS.black : WORDS.frozen}
        </p>
      )}
    </div>
  );
}

function Box({ face, result }: { face: LiveFace; result: FaceResult | undefined }) {
  const colour = result?.verdict === Verdict.LIKELY_FAKE ? "border-fake" : "border-white/80";
  const at = (share: number) => `${(100 * share).toFixed(2)}%`;
  return (
    <div
      data-face={face.number}
      className={`pointer-events-none absolute rounded-lg border-2 shadow-[0_0_0_1px_rgb(0_0_0/0.35)] transition-all duration-700 ${colour}`}
      style={{ left: at(face.left), top: at(face.top), width: at(face.width), height: at(face.height) }}
    >
      <span className="absolute -top-0.5 left-0 -translate-y-full rounded bg-black/65 px-1.5 py-0.5 text-xs font-medium text-white">
        {WORDS.face(face.number)}
      </span>
    </div>
  );
}

function resultOf(view: LiveView, number: number): FaceResult | undefined {
  return view.event?.recent?.faces.find((face) => face.number === number);
}

/** What is plain to see without a server. */
function useGlance(video: React.RefObject<HTMLVideoElement | null>, { phase, stream }: LiveView): Seen {
  const [seen, setSeen] = useState<Seen>();
  useEffect(() => {
    if (phase !== "running" || stream === undefined) return;
    const glance = new Glance();
    const timer = setInterval(() => {
      if (document.visibilityState === "visible" && video.current) setSeen(glance.look(video.current));
    }, LOOK_MS);
    return () => {
      clearInterval(timer);
      setSeen(undefined);
    };
  }, [phase, stream, video]);
  return seen;
}
