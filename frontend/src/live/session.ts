/** A live session of this tab: what is recorded, sent, heard back and, if somebody wants it, kept. */

import type { TimelineSegment } from "@gen/notreally/v1/analysis_pb";
import { LiveEnd, LiveState, type LiveEvent } from "@gen/notreally/v1/live_pb";

import { failureOf, failureOfStatus, whileTryingAgain } from "@/lib/api/errors";
import type { LiveApi } from "@/lib/api/live";
import { backoffMs, pause } from "@/lib/backoff";
import { persist } from "@/lib/persist";
import { uuid } from "@/lib/uuid";

import { Cutter, open, recorderOf, type SourceKind } from "./capture";
import { Sender } from "./sender";
import { WORDS } from "./words";

export type Phase = "idle" | "starting" | "running" | "paused" | "interrupted" | "ending" | "ended";

export interface LiveView {
  phase: Phase;
  stream: MediaStream | undefined;
  hasSound: boolean;
  /** The latest. */
  event: LiveEvent | undefined;
  /** Each window judged so far, ascending. */
  windows: readonly TimelineSegment[];
  /** What is wrong right now, in a sentence. */
  trouble: string | undefined;
  /** Why it ended, in a sentence. */
  ending: string | undefined;
  dropped: boolean;
}

const IDLE: LiveView = {
  phase: "idle",
  stream: undefined,
  hasSound: false,
  event: undefined,
  windows: [],
  trouble: undefined,
  ending: undefined,
  dropped: false,
};

const KEY = "notreally.live";

/** What a reload must not lose. */
interface Remembered {
  name: string;
  startedAt: number;
  kind: SourceKind;
}

const ENDED: ReadonlySet<LiveState> = new Set([LiveState.ENDED, LiveState.FAILED]);

export class LiveSession {
  private view: LiveView = IDLE;
  private readonly listeners = new Set<() => void>();
  private stop_ = new AbortController();
  private sender: Sender | undefined;
  private cutter: Cutter | undefined;
  private keeper: { recorder: MediaRecorder; parts: Blob[] } | undefined;
  private remembered: Remembered | undefined;

  private onKept: (file: File) => void = () => undefined;

  constructor(private readonly api: () => LiveApi) {}

  /** Says what becomes of the recording, once a session has ended of which one was to be kept. */
  keepWith(onKept: (file: File) => void): void {
    this.onKept = onKept;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  get = (): LiveView => this.view;

  /** Asks for a source and begins; `keep` records it in this browser as well. */
  async start(kind: SourceKind, keep: boolean): Promise<void> {
    this.stop_ = new AbortController();
    this.set({ ...IDLE, phase: "starting" });
    let stream: MediaStream | undefined;
    try {
      stream = await open(kind);
      const { name } = await this.api().startLive({ requestId: uuid() }, { signal: this.stop_.signal });
      this.remember({ name, startedAt: Date.now(), kind });
      this.listen(0n);
      this.sender = this.senderAfter(0);
      this.record(stream, keep);
    } catch (error) {
      release(stream);
      this.set({ ...IDLE, trouble: error instanceof Error && stream === undefined ? error.message : failureOf(error).message });
    }
  }

  /** After a reload: what was found so far, and the recording again where the browser lets a page without being asked. */
  async resume(): Promise<void> {
    const found = recall();
    if (found === undefined || this.view.phase !== "idle") return;
    this.stop_ = new AbortController();
    this.remembered = found;
    try {
      const session = await this.api().getLive({ name: found.name }, { signal: this.stop_.signal });
      this.sender = this.senderAfter(session.acknowledgedSequence);
    } catch {
      this.remember(undefined);
      return;
    }
    this.set({ ...IDLE, phase: "interrupted", trouble: WORDS.interrupted });
    this.listen(0n);
    if (found.kind === "camera" && (await isGranted())) await this.goOn();
  }

  /** Records again after a pause or a reload. */
  async goOn(): Promise<void> {
    if (this.view.phase === "paused" && this.view.stream?.active) {
      this.cut(this.view.stream);
      if (this.keeper?.recorder.state === "paused") this.keeper.recorder.resume();
      this.set({ phase: "running" });
      return;
    }
    try {
      this.record(await open(this.remembered?.kind ?? "camera"), false);
    } catch (error) {
      this.set({ trouble: (error as Error).message });
    }
  }

  async pause(): Promise<void> {
    this.set({ phase: "paused" });
    if (this.keeper?.recorder.state === "recording") this.keeper.recorder.pause();
    await this.cutter?.stop();
  }

  /** Ends the session; the last verdict follows. */
  async end(): Promise<void> {
    if (this.view.phase === "ending" || this.view.phase === "ended") return;
    this.set({ phase: "ending", trouble: undefined });
    await this.cutter?.stop();
    release(this.view.stream);
    this.set({ stream: undefined });
    await this.sender?.drained();
    const { signal } = this.stop_;
    const onTrouble = () => this.set({ trouble: WORDS.offline });
    try {
      await persist(() => this.api().endLive({ name: this.remembered?.name ?? "" }, { signal }), { signal, onTrouble });
    } catch (error) {
      if (!signal.aborted) this.finish(failureOf(error).message);
    }
  }

  /** Back to the beginning. */
  reset(): void {
    this.set(IDLE);
  }

  /** Ends what runs, when its page is left. */
  leave(): void {
    if (this.view.phase === "ended") this.reset();
    else if (this.view.phase !== "idle") void this.end();
  }

  private record(stream: MediaStream, keep: boolean): void {
    stream.getVideoTracks()[0]?.addEventListener("ended", () => {
      // The reader has ended it in the browser's own bar.
      if (this.view.stream === stream) void this.end();
    });
    if (keep) {
      const keeper = { recorder: recorderOf(stream), parts: [] as Blob[] };
      keeper.recorder.ondataavailable = ({ data }) => data.size > 0 && keeper.parts.push(data);
      keeper.recorder.start(1000);
      this.keeper = keeper;
    }
    this.cut(stream);
    this.set({ phase: "running", stream, hasSound: stream.getAudioTracks().length > 0, trouble: undefined });
  }

  private cut(stream: MediaStream): void {
    const clock = () => Math.max(0, (Date.now() - (this.remembered?.startedAt ?? Date.now())) / 1000);
    this.cutter = new Cutter(stream, clock, (data, startS) => this.sender?.add(data, startS));
    this.cutter.start();
  }

  private senderAfter(acknowledged: number): Sender {
    return new Sender(this.api(), {
      name: this.remembered?.name ?? "",
      acknowledged,
      signal: this.stop_.signal,
      onTrouble: (failure) => this.set({ trouble: failure && (failure.reason === "" ? WORDS.offline : failure.message) }),
      onDropped: () => this.set({ dropped: true }),
    });
  }

  private listen(after: bigint): void {
    void this.follow(after, this.stop_.signal);
  }

  private async follow(after: bigint, signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      try {
        const name = this.remembered?.name ?? "";
        for await (const event of this.api().watchLive({ name, afterSequence: after }, { signal, timeoutMs: 0 })) {
          if (event.sequence <= after) continue;
          after = event.sequence;
          failures = 0;
          this.happened(event);
          if (ENDED.has(event.state)) return;
        }
        this.finish(WORDS.gone);
        return;
      } catch (error) {
        if (signal.aborted) return;
        const failure = failureOf(error);
        if (!failure.transient) {
          this.finish(failure.reason === "LIVE_NOT_FOUND" ? WORDS.gone : failure.message);
          return;
        }
        failures += 1;
        if (failures > 1) this.set({ trouble: whileTryingAgain(failure) });
        await pause(backoffMs(failures), signal).catch(() => undefined);
      }
    }
  }

  private happened(event: LiveEvent): void {
    const latest = event.whole?.timeline.length ? event.whole.timeline : (event.recent?.timeline ?? []);
    const first = latest[0]?.startS ?? Infinity;
    const windows = [...this.view.windows.filter(({ startS }) => startS < first - 0.01), ...latest];
    this.set({ event, windows });
    if (!ENDED.has(event.state)) return;
    if (event.error) this.finish(failureOfStatus(event.error).message);
    else if (event.end === LiveEnd.SILENCE) this.finish(WORDS.endedSilence);
    else if (event.end === LiveEnd.LIMIT) this.finish(WORDS.endedLimit);
    else this.finish(WORDS.ended);
  }

  private finish(why: string): void {
    void this.cutter?.stop();
    release(this.view.stream);
    this.stop_.abort();
    this.remember(undefined);
    this.set({ phase: "ended", stream: undefined, trouble: undefined, ending: why });
    this.handOver();
  }

  /** The recording, if one is kept. */
  private handOver(): void {
    const { keeper } = this;
    this.keeper = undefined;
    if (keeper === undefined) return;
    const give = () => {
      const type = keeper.recorder.mimeType || "video/webm";
      const ending = type.startsWith("video/mp4") ? "mp4" : "webm";
      const name = `live-${new Date().toISOString().slice(0, 19).replaceAll(":", "-")}.${ending}`;
      if (keeper.parts.length > 0) this.onKept(new File(keeper.parts, name, { type }));
    };
    if (keeper.recorder.state === "inactive") give();
    else {
      keeper.recorder.onstop = give;
      keeper.recorder.stop();
    }
  }

  private remember(what: Remembered | undefined): void {
    this.remembered = what ?? this.remembered;
    try {
      if (what) sessionStorage.setItem(KEY, JSON.stringify(what));
      else sessionStorage.removeItem(KEY);
    } catch {
      // Storage is switched off: a reload ends the session, by its silence.
    }
  }

  private set(change: Partial<LiveView>): void {
    this.view = { ...this.view, ...change };
    for (const listener of this.listeners) listener();
  }
}

function recall(): Remembered | undefined {
  try {
    const found = JSON.parse(sessionStorage.getItem(KEY) ?? "null") as Remembered | null;
    return typeof found?.name === "string" && typeof found.startedAt === "number" ? found : undefined;
  } catch {
    return undefined;
  }
}

async function isGranted(): Promise<boolean> {
  try {
    return (await navigator.permissions.query({ name: "camera" as PermissionName })).state === "granted";
  } catch {
    return false;
  }
}

function release(stream: MediaStream | undefined): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}
