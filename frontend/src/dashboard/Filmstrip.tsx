"use client";

import type { Thumbnail } from "@gen/notreally/v1/analysis_pb";

import { usePlayhead } from "@/charts/playhead";
import { formatTimecode } from "@/lib/format";

import { Jpeg } from "./Jpeg";

/** Pictures that were kept of a face; pressing one goes to its time. */
export function Filmstrip({ thumbnails }: { thumbnails: readonly Thumbnail[] }) {
  const playhead = usePlayhead();
  if (thumbnails.length === 0) return null;
  return (
    <ul className="grid grid-cols-[repeat(auto-fill,minmax(4.5rem,1fr))] gap-2" aria-label="Pictures of the face">
      {thumbnails.map(({ timeS, jpeg }) => (
        <li key={timeS}>
          <button
            type="button"
            className="block w-full overflow-hidden rounded-lg border border-line hover:border-line-strong"
            onClick={() => playhead.seek(timeS)}
          >
            <Jpeg jpeg={jpeg} alt="The face" className="aspect-square w-full bg-sunken object-cover" />
            <span className="block bg-panel px-1 py-0.5 text-xs text-quiet tabular-nums">
              <span className="sr-only">at </span>
              {formatTimecode(timeS)}
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}
