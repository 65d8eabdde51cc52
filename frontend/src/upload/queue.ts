/**
 * The videos of this tab, and whatever has to be done for them: sending one after another, asking for their analyses,
 * remembering them over a reload. What may follow what is in video.ts; this only carries it out.
 */

import type { ServerInfo } from "@gen/notreally/v1/analysis_pb";

import type { Api } from "@/lib/api/client";
import { failureOf, whileTryingAgain, type Failure } from "@/lib/api/errors";
import { persist } from "@/lib/persist";
import { uuid } from "@/lib/uuid";
import type { Watcher } from "@/progress/watcher";

import { objection } from "./checks";
import { claim } from "./claims";
import { fingerprint } from "./fingerprint";
import { dropAllBut, dropFile, keepFile, keptFile } from "./keptFiles";
import { forget, remember, remembered, type Remembered } from "./memory";
import { LosingServerError, send, UnreadableFileError } from "./send";
import { Speed } from "./speed";
import { after, isDone, isSending, PICKED, type Happening, type Video } from "./video";

export interface Item {
  id: string;
  filename: string;
  size: number;
  video: Video;
  /** `batches/{id}` it belongs to. */
  batch?: string;
  /** While it is being sent, once it can be told. */
  bytesPerSecond: number | undefined;
}

/** What belongs to an item and is nobody else's business. */
interface Backstage {
  file: File | undefined;
  fingerprint: string;
  sinceMs: number;
  speed: Speed;
  sending: AbortController | undefined;
  unfollow: () => void;
  release: () => void;
}

export class Queue {
  private items: readonly Item[] = [];
  private readonly backstage = new Map<string, Backstage>();
  private readonly files = new Map<string, File>();
  private readonly listeners = new Set<() => void>();
  private info: ServerInfo | undefined;
  private started = false;

  constructor(
    private readonly api: () => Api,
    private readonly watcher: Watcher,
  ) {}

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** The videos, in the order of picking; the same array until something changes. */
  get = (): readonly Item[] => this.items;

  /** The file that was picked for an analysis, if it was picked in this tab. */
  fileOf(analysis: string): File | undefined {
    return this.files.get(analysis);
  }

  /** Goes on with what was under way before a reload. */
  async start(): Promise<void> {
    if (this.started) return;
    this.started = true;
    const entries = remembered(Date.now());
    await dropAllBut(new Set(entries.map((entry) => entry.id)));
    for (const entry of entries) {
      const release = await claim(entry.id);
      if (release) await this.restore(entry, release);
    }
  }

  /**
   * Takes picked files in: sends the good ones one after another, says of the others what is wrong.
   *
   * @param batch `batches/{id}` they are to be in.
   */
  async add(files: readonly File[], batch?: string): Promise<void> {
    const added = files.map((file) => this.enter(uuid(), file.name, file.size, file, undefined, batch));
    const info = await this.serverInfo().catch(() => undefined);
    for (const [index, file] of files.entries()) {
      const id = added[index] as string;
      const message = objection(file, info && Number(info.maxUploadBytes));
      if (message !== undefined) {
        this.happen(id, { kind: "objection", message });
        continue;
      }
      const backstage = this.backstage.get(id);
      if (!backstage) continue;
      backstage.release = (await claim(id)) ?? backstage.release;
      try {
        backstage.fingerprint = await fingerprint(file);
      } catch {
        this.happen(id, { kind: "refused", message: new UnreadableFileError().message });
        continue;
      }
      this.save(id);
      void keepFile(id, file).then(() => this.dropIfSent(id));
    }
    this.sendNext();
  }

  pause(id: string): void {
    this.happen(id, { kind: "pause" });
    this.stopSending(id);
    this.sendNext();
  }

  resume(id: string): void {
    this.happen(id, { kind: "resume" });
    this.sendNext();
  }

  async cancel(id: string): Promise<void> {
    const item = this.find(id);
    if (!item || isDone(item.video)) return;
    if (isSending(item.video)) {
      this.happen(id, { kind: "cancel" });
      this.stopSending(id);
      this.sendNext();
      return;
    }
    this.happen(id, { kind: "cancel-wanted" });
    const { analysis } = item.video;
    // It is being asked for, and would run though nobody waits: it is cancelled as soon as it has a name.
    if (analysis === undefined) return;
    try {
      // Its last event says how it ended: it may have been done already.
      this.watcher.learn(await this.api().cancelAnalysis({ name: analysis }));
    } catch {
      this.happen(id, { kind: "cancel-failed", message: "It could not be cancelled. Try again." });
    }
  }

  /** Takes a video off the list. Only of what is done. */
  remove(id: string): void {
    const item = this.find(id);
    if (!item || !isDone(item.video)) return;
    this.backstage.delete(id);
    this.set(this.items.filter((each) => each.id !== id));
  }

  /**
   * Gives back the file of an upload that began before a reload.
   *
   * @returns What is wrong with it, if it is not the same file.
   */
  async giveFile(id: string, file: File): Promise<string | undefined> {
    const backstage = this.backstage.get(id);
    const item = this.find(id);
    if (!backstage || !item) return undefined;
    if ((await fingerprint(file)) !== backstage.fingerprint) {
      return `This is not the file you started to upload. Choose the original ${item.filename}, or cancel and start again.`;
    }
    backstage.file = file;
    this.happen(id, { kind: "file-found" });
    this.sendNext();
    return undefined;
  }

  async serverInfo(): Promise<ServerInfo> {
    this.info ??= await this.api().getServerInfo({}, { timeoutMs: 10_000 });
    return this.info;
  }

  // --- bringing back ------------------------------------------------------------------------------------------------

  private async restore(entry: Remembered, release: () => void): Promise<void> {
    const file = entry.analysis ? undefined : await keptFile(entry.id);
    const id = this.enter(entry.id, entry.filename, entry.size, file, entry, entry.batch);
    const backstage = this.backstage.get(id);
    if (backstage) backstage.release = release;
    if (entry.analysis) {
      this.happen(id, { kind: "analysis-created", analysis: entry.analysis });
      if (entry.cancelling) void this.cancel(id);
      return;
    }
    if (!file) this.happen(id, { kind: "file-missing" });
    else if (entry.paused) this.happen(id, { kind: "pause" });
    else return this.sendNext();
    // Not waited for: the line may be full for long, and the other videos are to be shown meanwhile.
    void this.recall(id, entry.upload);
  }

  /** Finds out how far an upload got that does not go on by itself. */
  private async recall(id: string, name: string | undefined): Promise<void> {
    if (name === undefined) return;
    const asking = new AbortController();
    // Nothing is said of it: that the file is wanted, or that it was paused, is so all the same.
    const persistence = { signal: asking.signal, onTrouble: () => this.waitsForSomebody(id) || asking.abort() };
    const upload = await persist(() => this.api().getUpload({ name }), persistence).catch(() => undefined);
    if (!upload || !this.waitsForSomebody(id)) return;
    const { committedSize, complete } = upload;
    this.happen(id, { kind: "committed", upload: name, bytes: Number(committedSize), complete });
    // All had arrived, and only the analysis was not asked for: that takes no file.
    if (!complete) return;
    await this.conclude(id, name, asking).catch((error: unknown) => this.fail(id, error));
  }

  private waitsForSomebody(id: string): boolean {
    const phase = this.find(id)?.video.phase;
    return phase === "paused" || phase === "fileless";
  }

  private enter(id: string, filename: string, size: number, file?: File, entry?: Remembered, batch?: string): string {
    this.backstage.set(id, {
      file,
      fingerprint: entry?.fingerprint ?? "",
      sinceMs: entry?.sinceMs ?? Date.now(),
      speed: new Speed(),
      sending: undefined,
      unfollow: () => undefined,
      release: () => undefined,
    });
    const video = { ...PICKED, upload: entry?.upload, cancelling: entry?.cancelling ?? false };
    this.set([...this.items, { id, filename, size, batch, video, bytesPerSecond: undefined }]);
    return id;
  }

  // --- sending ------------------------------------------------------------------------------------------------------

  /** One at a time: the first verdict then comes soonest. */
  private sendNext(): void {
    if (this.items.some(({ id }) => this.backstage.get(id)?.sending)) return;
    const next = this.items.find(({ id, video }) => {
      const backstage = this.backstage.get(id);
      // Without a fingerprint it is still being looked at.
      return (video.phase === "picked" || video.phase === "uploading") && backstage?.file && backstage.fingerprint;
    });
    if (!next) return;
    const backstage = this.backstage.get(next.id) as Backstage;
    const sending = new AbortController();
    backstage.sending = sending;
    backstage.speed.clear();
    this.happen(next.id, { kind: "turn" });
    void this.deliver(next.id, backstage, sending).finally(() => {
      if (backstage.sending === sending) backstage.sending = undefined;
      this.sendNext();
    });
  }

  private stopSending(id: string): void {
    const backstage = this.backstage.get(id);
    backstage?.sending?.abort(new DOMException("Stopped.", "AbortError"));
    if (backstage) backstage.sending = undefined;
    this.update(id, { bytesPerSecond: undefined });
  }

  private async deliver(id: string, backstage: Backstage, sending: AbortController): Promise<void> {
    try {
      await this.conclude(id, await this.sendFile(id, backstage, sending.signal), sending);
    } catch (error) {
      if (!sending.signal.aborted) this.fail(id, error);
    }
  }

  private fail(id: string, error: unknown): void {
    const isOurs = error instanceof UnreadableFileError || error instanceof LosingServerError;
    const message = isOurs ? error.message : failureOf(error).message;
    this.happen(id, { kind: "refused", message });
  }

  private async sendFile(id: string, backstage: Backstage, signal: AbortSignal): Promise<string> {
    const file = backstage.file as File;
    const onTrouble = (failure: Failure) => this.waitOut(id, failure);
    const { maxChunkBytes } = await persist(() => this.serverInfo(), { signal, onTrouble });
    const upload = await send(this.api(), {
      file,
      requestId: id,
      name: this.find(id)?.video.upload,
      maxChunkBytes: Number(maxChunkBytes),
      signal,
      onCommitted: ({ name, committedSize, complete }) => {
        const bytes = Number(committedSize);
        backstage.speed.add(bytes, performance.now());
        this.happen(id, { kind: "committed", upload: name, bytes, complete });
        this.update(id, { bytesPerSecond: backstage.speed.bytesPerSecond });
      },
      onTrouble,
    });
    return upload.name;
  }

  /** Asks for the analysis of what has arrived, as long as it is wanted. */
  private async conclude(id: string, upload: string, asking: AbortController): Promise<void> {
    const { signal } = asking;
    const onTrouble = (failure: Failure) => {
      this.waitOut(id, failure);
      // Only a full line is sure not to have taken it in by an earlier call whose answer was lost.
      if (!this.find(id)?.video.cancelling || failure.reason !== "QUEUE_FULL") return;
      this.happen(id, { kind: "cancel" });
      asking.abort();
    };
    const batch = this.find(id)?.batch;
    // In a batch, what the model in use has seen before has its result at once.
    const call = () => this.api().createAnalysis({ upload, requestId: id, batch, reuse: batch !== undefined }, { signal });
    const { name } = await persist(call, { signal, onTrouble });
    this.happen(id, { kind: "analysis-created", analysis: name });
    if (this.find(id)?.video.cancelling) await this.cancel(id);
  }

  private waitOut(id: string, failure: Failure): void {
    this.happen(id, { kind: "trouble", message: whileTryingAgain(failure) });
  }

  // --- the list -----------------------------------------------------------------------------------------------------

  private happen(id: string, happening: Happening): void {
    const item = this.find(id);
    if (!item) return;
    const video = after(item.video, happening);
    if (video === item.video) return;
    this.update(id, { video });
    this.reflect(id, item.video, video);
  }

  /** What follows from a change besides showing it. */
  private reflect(id: string, before: Video, now: Video): void {
    const backstage = this.backstage.get(id);
    if (!backstage) return;
    if (now.analysis !== undefined && before.analysis === undefined) {
      if (backstage.file) this.files.set(now.analysis, backstage.file);
      this.follow(id, now.analysis, backstage);
    }
    if (isDone(now)) {
      backstage.unfollow();
      backstage.release();
      forget(id);
      void dropFile(id);
      return;
    }
    const told = ["upload", "analysis", "phase", "cancelling"] as const;
    if (told.some((fact) => now[fact] !== before[fact])) this.save(id);
    if (!isSending(now)) void dropFile(id);
  }

  private follow(id: string, analysis: string, backstage: Backstage): void {
    const look = () => {
      const watched = this.watcher.get(analysis);
      const { state, failure } = watched.progress;
      this.happen(id, { kind: "analysis-state", state, message: failure?.message });
      if (watched.gone) this.happen(id, { kind: "refused", message: "The analysis has been deleted." });
    };
    backstage.unfollow = this.watcher.follow(analysis, look);
    look();
  }

  private save(id: string): void {
    const item = this.find(id);
    const backstage = this.backstage.get(id);
    if (!item || !backstage || isDone(item.video) || !backstage.fingerprint) return;
    const { upload, analysis, phase, cancelling } = item.video;
    const { fingerprint: print, sinceMs } = backstage;
    const { filename, size, batch } = item;
    const paused = phase === "paused";
    remember({ id, filename, size, fingerprint: print, upload, analysis, paused, cancelling, batch, sinceMs });
  }

  /** Keeping a file may take longer than sending it. */
  private dropIfSent(id: string): void {
    const item = this.find(id);
    if (!item || !isSending(item.video)) void dropFile(id);
  }

  private find(id: string): Item | undefined {
    return this.items.find((item) => item.id === id);
  }

  private update(id: string, changes: Partial<Item>): void {
    this.set(this.items.map((item) => (item.id === id ? { ...item, ...changes } : item)));
  }

  private set(items: readonly Item[]): void {
    this.items = items;
    for (const listener of this.listeners) listener();
  }
}
