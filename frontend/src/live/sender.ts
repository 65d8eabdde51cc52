/** Sending segments one after another, over a connection that may break. */

import { failureOf, type Failure } from "@/lib/api/errors";
import type { LiveApi } from "@/lib/api/live";
import { backoffMs, pause } from "@/lib/backoff";
import { crc32c } from "@/upload/crc32c.mjs";

/** What waits at most: more than half a minute would only be judged when it is long over. */
const MOST_WAITING = 8;

export interface Sending {
  name: string;
  /** The last segment that the server has. */
  acknowledged: number;
  signal: AbortSignal;
  /** Called with what goes wrong, and with nothing once it goes on. */
  onTrouble: (failure: Failure | undefined) => void;
  onDropped: () => void;
}

export class Sender {
  private readonly waiting: { data: Blob; startS: number }[] = [];
  private work: Promise<void> | undefined;
  private sequence: number;

  constructor(
    private readonly api: LiveApi,
    private readonly sending: Sending,
  ) {
    this.sequence = sending.acknowledged;
  }

  /** Takes a segment on; the oldest is left out when too many wait. */
  add(data: Blob, startS: number): void {
    this.waiting.push({ data, startS });
    // The first may be on its way.
    if (this.waiting.length > MOST_WAITING) {
      this.waiting.splice(1, 1);
      this.sending.onDropped();
    }
    this.work ??= this.run().finally(() => (this.work = undefined));
  }

  /** Waits until the server has everything, or will not have it. */
  async drained(): Promise<void> {
    await this.work;
  }

  private async run(): Promise<void> {
    let failures = 0;
    for (let next = this.waiting[0]; next !== undefined; next = this.waiting[0]) {
      if (this.sending.signal.aborted) return;
      try {
        await this.send(next.data, next.startS);
        if (failures > 0) this.sending.onTrouble(undefined);
        failures = 0;
        this.waiting.shift();
      } catch (error) {
        if (this.sending.signal.aborted) return;
        const failure = failureOf(error);
        if (failure.reason === "WRONG_SEQUENCE") {
          this.sequence = Number(failure.metadata.acknowledged_sequence ?? this.sequence);
          continue;
        }
        if (!failure.transient && failure.reason !== "CHECKSUM_MISMATCH") {
          this.sending.onTrouble(failure);
          // Larger than may be: the next one need not be.
          if (failure.reason === "SEGMENT_TOO_LARGE") this.waiting.shift();
          else return;
          continue;
        }
        failures += 1;
        this.sending.onTrouble(failure);
        try {
          await pause(backoffMs(failures), this.sending.signal);
        } catch {
          return;
        }
      }
    }
  }

  private async send(blob: Blob, startS: number): Promise<void> {
    const data = new Uint8Array(await blob.arrayBuffer());
    const { acknowledgedSequence } = await this.api.sendSegment(
      { name: this.sending.name, sequence: this.sequence + 1, data, crc32c: crc32c(data), startS },
      { signal: this.sending.signal, timeoutMs: 20_000 },
    );
    this.sequence = acknowledgedSequence;
  }
}
