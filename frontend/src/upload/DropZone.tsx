"use client";

import { Upload } from "lucide-react";
import { useEffect, useRef, useState } from "react";

import { formatBytes } from "@/lib/format";

import { ACCEPT } from "./checks";
import { filesOf } from "./dropped";

/** By this id the focus finds its button. */
export const CHOOSE_BUTTON = "choose-files";

interface DropZoneProps {
  maxBytes: number | undefined;
  /** Smaller, once there are files below it. */
  compact: boolean;
  /** With the name of the folder they were in, if they were dropped as one. */
  onFiles: (files: File[], folder?: string) => void;
}

/** Takes videos and sound files: dropped anywhere on the page, picked, or pasted. */
export function DropZone({ maxBytes, compact, onFiles }: DropZoneProps) {
  const input = useRef<HTMLInputElement>(null);
  const over = useFilesOverPage(onFiles);
  const limit = maxBytes === undefined ? "" : ` Up to ${formatBytes(maxBytes)} each.`;
  return (
    <section
      aria-label="Choose videos or sound files"
      className={`panel flex flex-col items-center justify-center gap-4 border-2 border-dashed px-6 text-center transition-colors ${compact ? "py-6" : "min-h-72 py-10"} ${over ? "border-accent bg-accent-soft" : "border-line-strong"}`}
    >
      {!compact && (
        <span className="flex size-14 items-center justify-center rounded-full bg-accent-soft text-accent">
          <Upload aria-hidden size={26} />
        </span>
      )}
      <div>
        <p className="text-lg font-medium">{over ? "Let go to analyse" : "Drop videos or sound files here"}</p>
        <p className="mt-1 min-h-5 text-sm text-quiet">
          MP4, MOV, WebM and others with a face in them; MP3, WAV, M4A and others with a voice.{limit}
        </p>
      </div>
      <button
        id={CHOOSE_BUTTON}
        type="button"
        className="button button-primary h-11 px-5"
        onClick={() => input.current?.click()}
      >
        Choose files
      </button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        accept={ACCEPT}
        aria-label="Videos and sound files"
        onChange={(event) => {
          onFiles(Array.from(event.target.files ?? []));
          // Or choosing the same file again would change nothing.
          event.target.value = "";
        }}
      />
    </section>
  );
}

/** Takes files dropped or pasted anywhere on the page; says whether some hover over it. */
function useFilesOverPage(onFiles: DropZoneProps["onFiles"]): boolean {
  const [over, setOver] = useState(false);
  useEffect(() => {
    // Entering a child fires before leaving its parent: only the difference tells.
    let depth = 0;
    const hover = (change: number) => (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      depth = Math.max(0, depth + change);
      setOver(depth > 0);
      event.preventDefault();
    };
    const enter = hover(1);
    const leave = hover(-1);
    const stay = hover(0);
    const drop = (event: DragEvent) => {
      event.preventDefault();
      depth = 0;
      setOver(false);
      if (!event.dataTransfer) return;
      void filesOf(event.dataTransfer).then(({ files, folder }) => {
        if (files.length > 0) onFiles(files, folder);
      });
    };
    const paste = (event: ClipboardEvent) => take(event.clipboardData);
    const take = (transfer: DataTransfer | null) => {
      const files = Array.from(transfer?.files ?? []);
      if (files.length > 0) onFiles(files);
    };
    document.addEventListener("dragenter", enter);
    document.addEventListener("dragleave", leave);
    document.addEventListener("dragover", stay);
    document.addEventListener("drop", drop);
    document.addEventListener("paste", paste);
    return () => {
      document.removeEventListener("dragenter", enter);
      document.removeEventListener("dragleave", leave);
      document.removeEventListener("dragover", stay);
      document.removeEventListener("drop", drop);
      document.removeEventListener("paste", paste);
    };
  }, [onFiles]);
  return over;
}
