"use client";

import { type KeyboardEvent, type ReactNode, useRef } from "react";
import type { AnalysisResult } from "@gen/notreally/v1/analysis_pb";

import { formatPercent, formatProbability } from "@/lib/format";

import { Jpeg } from "./Jpeg";
import { headlineOf } from "./part";
import { hasScore, TONE_TEXT, verdictWords } from "./verdict";

interface FaceTabsProps {
  result: AnalysisResult;
  /** Whether the pictures are still on their way. */
  awaitsPictures: boolean;
  selected: number;
  onSelect: (number: number) => void;
  children: ReactNode;
}

const PANEL = "face-panel";

/** One tab for each face, by number; without several faces only what is inside. */
export function FaceTabs({ result, awaitsPictures, selected, onSelect, children }: FaceTabsProps) {
  const list = useRef<HTMLDivElement>(null);
  if (result.faces.length < 2) return children;
  const faces = [...result.faces].sort((one, other) => one.number - other.number);
  const first = result.faces[0]?.number;
  const go = (event: KeyboardEvent) => {
    const index = faces.findIndex((face) => face.number === selected);
    const last = faces.length - 1;
    const next = {
      ArrowRight: index === last ? 0 : index + 1,
      ArrowLeft: index === 0 ? last : index - 1,
      Home: 0,
      End: last,
    }[event.key];
    const face = next === undefined ? undefined : faces[next];
    if (!face || next === undefined) return;
    event.preventDefault();
    onSelect(face.number);
    list.current?.querySelectorAll<HTMLElement>("[role=tab]")[next]?.focus();
  };
  return (
    <div className="grid gap-4">
      <div>
        <p className="mb-2 max-w-prose text-quiet">
          {headlineOf(result) === "face"
            ? `${faces.length} faces were followed. The verdict is about face ${first}, the most suspicious one.`
            : `${faces.length} faces were followed. Face ${first} is the most suspicious one.`}
        </p>
        <div ref={list} role="tablist" aria-label="Faces" className="flex gap-2 overflow-x-auto p-0.5" onKeyDown={go}>
          {faces.map((face) => {
            const words = verdictWords(face.verdict, result.model);
            const chosen = face.number === selected;
            const scored = hasScore({ verdict: face.verdict, model: result.model });
            return (
              <button
                key={face.number}
                type="button"
                role="tab"
                id={`face-tab-${face.number}`}
                aria-selected={chosen}
                aria-controls={PANEL}
                tabIndex={chosen ? 0 : -1}
                onClick={() => onSelect(face.number)}
                className={`flex shrink-0 items-center gap-3 rounded-xl border p-2 pr-4 text-left ${chosen ? "border-accent bg-panel ring-1 ring-accent" : "border-line bg-paper hover:bg-sunken"}`}
              >
                {awaitsPictures && <span className="size-12 animate-pulse rounded-lg bg-sunken" />}
                {face.thumbnails[0] && (
                  <Jpeg jpeg={face.thumbnails[0].jpeg} alt="" className="size-12 rounded-lg object-cover" />
                )}
                <span>
                  <span className="block font-medium">Face {face.number}</span>
                  <span className="block text-sm text-quiet">
                    <span className={TONE_TEXT[words.tone]}>{words.title}</span>
                    {scored
                      ? ` (${formatProbability(face.probFake)}), seen in ${formatPercent(face.faceCoverage)} of frames`
                      : `, seen in ${formatPercent(face.faceCoverage)} of frames`}
                  </span>
                </span>
              </button>
            );
          })}
        </div>
      </div>
      <div role="tabpanel" id={PANEL} aria-labelledby={`face-tab-${selected}`} className="grid gap-12">
        {children}
      </div>
    </div>
  );
}
