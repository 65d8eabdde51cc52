/** How fast bytes go out, from what was stored in the last seconds. */

const WINDOW_MS = 6000;
const LEAST_MS = 400;

interface Sample {
  atMs: number;
  bytes: number;
}

export class Speed {
  private samples: Sample[] = [];

  /** Says that so many bytes in all are stored by now. */
  add(bytes: number, atMs: number): void {
    this.samples.push({ atMs, bytes });
    // The last one outside the window stays: speed is measured from there.
    while (this.samples.length > 2 && (this.samples[1]?.atMs ?? atMs) <= atMs - WINDOW_MS) this.samples.shift();
  }

  /** Forgets everything, as after a pause. */
  clear(): void {
    this.samples = [];
  }

  /** Bytes a second; undefined until there is enough to tell. */
  get bytesPerSecond(): number | undefined {
    const first = this.samples[0];
    const last = this.samples.at(-1);
    if (!first || !last || last.atMs - first.atMs < LEAST_MS) return undefined;
    return ((last.bytes - first.bytes) / (last.atMs - first.atMs)) * 1000;
  }
}
