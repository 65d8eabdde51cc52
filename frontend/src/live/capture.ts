/** What is recorded, and cutting it into small files of their own. */

import { WORDS } from "./words";

export type SourceKind = "camera" | "screen";

const SEGMENT_MS = 4000;
/** How often a recorder hands over what it has: its events are never throttled, as timers of a hidden tab are. */
const SLICE_MS = 500;
const BITS_PER_SECOND = 2_500_000;
const TYPES = ["video/webm;codecs=vp8,opus", "video/webm;codecs=vp9,opus", "video/webm", "video/mp4"];

/** Whether this browser, on this page, can record from a source; otherwise a sentence that says what to do. */
export function obstacle(kind: SourceKind): string | undefined {
  if (!("mediaDevices" in navigator) || !window.isSecureContext) return WORDS.noCapture;
  if (typeof MediaRecorder === "undefined") return WORDS.noRecorder;
  if (kind === "screen" && !("getDisplayMedia" in navigator.mediaDevices)) return WORDS.noShare;
  return undefined;
}

/** Asks for a source. @throws A sentence for a person, as the message of an error. */
export async function open(kind: SourceKind): Promise<MediaStream> {
  const reason = obstacle(kind);
  if (reason !== undefined) throw new Error(reason);
  const { mediaDevices } = navigator;
  try {
    if (kind === "screen") {
      return await mediaDevices.getDisplayMedia({ video: { frameRate: { ideal: 30 } }, audio: true });
    }
    const video = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };
    // What browsers do to a voice in a call hides what is listened for.
    const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    try {
      return await mediaDevices.getUserMedia({ video, audio });
    } catch (error) {
      // A camera without a microphone is a source as well.
      if (!(error instanceof DOMException) || error.name !== "NotFoundError") throw error;
      return await mediaDevices.getUserMedia({ video });
    }
  } catch (error) {
    throw new Error(sentence(error));
  }
}

function sentence(error: unknown): string {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return WORDS.denied;
  if (name === "NotFoundError" || name === "OverconstrainedError") return WORDS.notFound;
  if (name === "NotReadableError") return WORDS.busy;
  return WORDS.failed;
}

/** The kind of file that this browser records. */
export function recordedType(): string {
  return TYPES.find((type) => MediaRecorder.isTypeSupported(type)) ?? "";
}

/** A recorder of all of a stream. */
export function recorderOf(stream: MediaStream): MediaRecorder {
  return new MediaRecorder(stream, { mimeType: recordedType(), videoBitsPerSecond: BITS_PER_SECOND });
}

/**
 * Records a stream as files of four seconds, each of which begins with a keyframe: one recorder after another, since no
 * browser says where in the output of one the next keyframe is.
 */
export class Cutter {
  private current: { recorder: MediaRecorder; done: Promise<void> } | undefined;

  /**
   * @param clock Seconds since the session began.
   * @param onSegment Called with each file, and when it began.
   */
  constructor(
    private readonly stream: MediaStream,
    private readonly clock: () => number,
    private readonly onSegment: (data: Blob, startS: number) => void,
  ) {}

  start(): void {
    const startS = this.clock();
    const began = performance.now();
    const parts: Blob[] = [];
    const recorder = recorderOf(this.stream);
    const done = new Promise<void>((resolve) => {
      recorder.onstop = () => {
        if (parts.length > 0) this.onSegment(new Blob(parts, { type: recorder.mimeType }), startS);
        resolve();
      };
    });
    recorder.ondataavailable = ({ data }) => {
      if (data.size > 0) parts.push(data);
      if (this.current?.recorder !== recorder || performance.now() - began < SEGMENT_MS) return;
      // The next one first, so that as little as possible is missing between them.
      this.start();
      recorder.stop();
    };
    recorder.start(SLICE_MS);
    this.current = { recorder, done };
  }

  /** Ends the file under way, and waits for it. */
  async stop(): Promise<void> {
    const last = this.current;
    this.current = undefined;
    if (last === undefined) return;
    if (last.recorder.state !== "inactive") last.recorder.stop();
    await last.done;
  }
}
