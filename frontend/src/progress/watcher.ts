/**
 * Follows any number of analyses over one stream: browsers allow few connections to one server.
 *
 * A stream that breaks is opened again after the last event seen of each analysis. Of more analyses than the server
 * lets one stream follow, it follows the one first that is open, and of others those that were asked for first: they
 * end first. Series are for drawing: they are asked for while one is open, and kept of that one only.
 */

import type { Analysis, AnalysisEvent } from "@gen/notreally/v1/analysis_pb";

import { Code } from "@connectrpc/connect";

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
   * @param isOpen The reader looks at this one: it is followed before others, and with its series.
   */
  follow(name: string, listener: Listener, isOpen = false): () => void {
    const listeners = this.listeners.get(name) ?? new Set();
    const wasOpen = this.isOpen(name);
    listeners.add(listener);
    if (isOpen) this.foremost.add(listener);
    this.listeners.set(name, listeners);
    const before = this.watched.get(name);
    // An analysis once gone may be asked for again, as after a server came back with its data.
    if (!before || before.gone) this.watched.set(name, NOTHING_KNOWN);
    // What was measured so far comes with events that have been heard without it.
    else if (isOpen && !wasOpen) this.amend(name, { sequence: 0n });
    this.regroup(name, listeners.size === 1 || this.isOpen(name) !== wasOpen);
    return () => {
      const wasOpen = this.isOpen(name);
      listeners.delete(listener);
      this.foremost.delete(listener);
      if (listeners.size === 0) this.listeners.delete(name);
      const closes = wasOpen && !this.isOpen(name);
      if (closes) this.amend(name, { parts: [] });
      this.regroup(name, listeners.size === 0 || closes);
    };
  }

  /** Takes what another call has said of an analysis: whether it has ended. */
  learn(analysis: Analysis): void {
    if (!hasEnded(analysis.state)) return;
    this.change(analysis.name, { progress: afterRecord(this.get(analysis.name).progress, analysis), reconnecting: false });
  }

  /** Opens the stream anew if an analysis came, went, opened or closed, unless there is nothing more to hear of it. */
  private regroup(name: string, isChanged: boolean): void {
    if (isChanged && !hasEnded(this.get(name).progress.state)) this.restart();
  }

  /** Opens the stream anew for those who are followed now; once for all changes of one moment. */
  private restart(): void {
    if (this.restarting) return;
    this.restarting = true;
    this.stream?.abort();
    queueMicrotask(() => {
      this.restarting = false;
      this.stream = new AbortController();
      void this.run(this.stream.signal);
    });
  }

  private async run(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted && this.open().length > 0) {
      const { heard, refused } = await this.listen(signal);
      if (signal.aborted || this.open().length === 0) return;
      failures = heard ? 1 : failures + 1;
      if (!refused) for (const name of this.targets()) this.change(name, { reconnecting: true });
      try {
        await pause(backoffMs(failures), signal);
      } catch {
        return;
      }
    }
  }

  /** Reads one stream to its end; says whether anything came, and whether the server has no room for another stream. */
  private async listen(signal: AbortSignal): Promise<{ heard: boolean; refused: boolean }> {
    let heard = false;
    let refused = false;
    try {
      const names = this.targets();
      const targets = names.map((name) => ({ name, afterSequence: this.get(name).progress.sequence }));
      const answered = () => targets.forEach(({ name }) => this.change(name, { reconnecting: false }));
      const request = { targets, includeSeries: names.some((name) => this.isOpen(name)) };
      const stream = this.api().watchAnalyses(request, { signal, timeoutMs: 0, onHeader: answered });
      for await (const event of stream) {
        // What was on its way when the stream was given up comes again in the next one.
        if (signal.aborted) return { heard: true, refused };
        heard = true;
        this.take(event);
      }
    } catch (error) {
      const failure = failureOf(error);
      refused = failure.code === Code.ResourceExhausted;
      if (signal.aborted || (failure.transient && !refused)) return { heard, refused };
    }
    // Refused, or ended in good order: what the stream has not said of an analysis, its record does.
    await this.ask(signal);
    return { heard, refused };
  }

  private take(event: AnalysisEvent): void {
    const before = this.get(event.analysis);
    const others = this.open().length > MOST_TARGETS;
    const drawn = this.isOpen(event.analysis) ? event : { ...event, series: undefined };
    this.change(event.analysis, { progress: afterEvent(before.progress, drawn), reconnecting: false, gone: false });
    // Its place in the stream goes to one that waits for it.
    if (others && hasEnded(event.state)) this.restart();
  }

  /** Looks each one up: an unknown name spoils the stream for all. */
  private async ask(signal: AbortSignal): Promise<void> {
    for (const name of this.targets()) {
      try {
        const analysis = await this.api().getAnalysis({ name }, { signal });
        this.change(name, { progress: afterRecord(this.get(name).progress, analysis), reconnecting: false });
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
    return this.open()
      .toSorted((one, other) => Number(this.isOpen(other)) - Number(this.isOpen(one)))
      .slice(0, MOST_TARGETS);
  }

  private isOpen(name: string): boolean {
    return [...(this.listeners.get(name) ?? [])].some((listener) => this.foremost.has(listener));
  }

  /** Changes what is known of an analysis and concerns nobody who listens. */
  private amend(name: string, changes: Partial<Progress>): void {
    const watched = this.get(name);
    this.watched.set(name, { ...watched, progress: { ...watched.progress, ...changes } });
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
