/**
 * Follows any number of analyses over one stream: browsers allow few connections to one server.
 *
 * A stream that breaks is opened again after the last event seen of each analysis. Of more analyses than the server
 * lets one stream follow, it follows the one first that is open, and of others those that were asked for first: they
 * end first.
 */

import type { Analysis, AnalysisEvent } from "@gen/notreally/v1/analysis_pb";

import type { Api } from "@/lib/api/client";
import { failureOf } from "@/lib/api/errors";
import { backoffMs, pause } from "@/lib/backoff";

import { afterEvent, afterRecord, hasEnded, NO_PROGRESS, type Progress } from "./progress";

export interface Watched {
  progress: Progress;
  /** No event comes for now: the stream broke and is being opened again. */
  reconnecting: boolean;
  /** The server does not know this analysis; it may have been deleted. */
  gone: boolean;
}

type Listener = () => void;

/** What the server takes in one stream. */
const MOST_TARGETS = 100;

export class Watcher {
  private readonly watched = new Map<string, Watched>();
  private readonly listeners = new Map<string, Set<Listener>>();
  private readonly foremost = new Set<Listener>();
  private stream: AbortController | undefined;
  private restarting = false;

  constructor(private readonly api: () => Api) {}

  /** What is known of an analysis; the same object until something changes. */
  get(name: string): Watched {
    return this.watched.get(name) ?? NOTHING_KNOWN;
  }

  /**
   * Follows an analysis (`analyses/{id}`) for as long as somebody wants it; calls back on every change.
   *
   * @param isOpen The reader looks at this one: it is followed before others.
   */
  follow(name: string, listener: Listener, isOpen = false): () => void {
    const listeners = this.listeners.get(name) ?? new Set();
    listeners.add(listener);
    if (isOpen) this.foremost.add(listener);
    this.listeners.set(name, listeners);
    const before = this.watched.get(name);
    // An analysis once gone may be asked for again, as after a server came back with its data.
    if (!before || before.gone) this.watched.set(name, NOTHING_KNOWN);
    this.regroup(name, listeners.size === 1);
    return () => {
      listeners.delete(listener);
      this.foremost.delete(listener);
      if (listeners.size === 0) this.listeners.delete(name);
      this.regroup(name, listeners.size === 0);
    };
  }

  /** Takes what another call has said of an analysis: whether it has ended. */
  learn(analysis: Analysis): void {
    if (!hasEnded(analysis.state)) return;
    this.change(analysis.name, { progress: afterRecord(this.get(analysis.name).progress, analysis), reconnecting: false });
  }

  /** Opens the stream anew if an analysis has become one to follow, or none any more, or may have to change places. */
  private regroup(name: string, cameOrWent: boolean): void {
    if (hasEnded(this.get(name).progress.state)) return;
    if (cameOrWent || this.open().length > MOST_TARGETS) this.restart();
  }

  /** Opens the stream anew for those who are followed now; once for all changes of one moment. */
  private restart(): void {
    if (this.restarting) return;
    this.restarting = true;
    queueMicrotask(() => {
      this.restarting = false;
      this.stream?.abort();
      this.stream = new AbortController();
      void this.run(this.stream.signal);
    });
  }

  private async run(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted && this.open().length > 0) {
      const heard = await this.listen(signal);
      if (signal.aborted || this.open().length === 0) return;
      failures = heard ? 1 : failures + 1;
      for (const name of this.targets()) this.change(name, { reconnecting: true });
      try {
        await pause(backoffMs(failures), signal);
      } catch {
        return;
      }
    }
  }

  /** Reads one stream to its end; says whether anything came. */
  private async listen(signal: AbortSignal): Promise<boolean> {
    let heard = false;
    try {
      const targets = this.targets().map((name) => ({ name, afterSequence: this.get(name).progress.sequence }));
      const answered = () => targets.forEach(({ name }) => this.change(name, { reconnecting: false }));
      const request = { targets, includeSeries: true };
      const stream = this.api().watchAnalyses(request, { signal, timeoutMs: 0, onHeader: answered });
      for await (const event of stream) {
        heard = true;
        this.take(event);
      }
    } catch (error) {
      if (signal.aborted || failureOf(error).transient) return heard;
    }
    // Refused, or ended in good order: what the stream has not said of an analysis, its record does.
    await this.ask(signal);
    return heard;
  }

  private take(event: AnalysisEvent): void {
    const before = this.get(event.analysis);
    const others = this.open().length > MOST_TARGETS;
    this.change(event.analysis, { progress: afterEvent(before.progress, event), reconnecting: false, gone: false });
    // Its place in the stream goes to one that waits for it.
    if (others && hasEnded(event.state)) this.restart();
  }

  /** Looks each one up: an unknown name spoils the stream for all. */
  private async ask(signal: AbortSignal): Promise<void> {
    for (const name of this.targets()) {
      try {
        this.learn(await this.api().getAnalysis({ name }, { signal }));
      } catch (error) {
        if (signal.aborted) return;
        if (!failureOf(error).transient) this.change(name, { gone: true, reconnecting: false });
      }
    }
  }

  private open(): string[] {
    return [...this.listeners.keys()].filter((name) => {
      const { progress, gone } = this.get(name);
      return !gone && !hasEnded(progress.state);
    });
  }

  private targets(): string[] {
    const isOpen = (name: string) => [...(this.listeners.get(name) ?? [])].some((listener) => this.foremost.has(listener));
    return this.open()
      .toSorted((one, other) => Number(isOpen(other)) - Number(isOpen(one)))
      .slice(0, MOST_TARGETS);
  }

  private change(name: string, changes: Partial<Watched>): void {
    this.watched.set(name, { ...this.get(name), ...changes });
    for (const listener of this.listeners.get(name) ?? []) listener();
  }
}

const NOTHING_KNOWN: Watched = { progress: NO_PROGRESS, reconnecting: false, gone: false };

/** Whether there is nothing more to hear of an analysis. */
export function isOver({ progress, gone }: Watched): boolean {
  return gone || hasEnded(progress.state);
}
