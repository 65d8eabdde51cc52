/** A glance at the picture itself, for what the server cannot tell apart from "no face": black, and standing still. */

const WIDTH = 32;
const HEIGHT = 18;
const DARK = 14;
const STILL = 0.02;
const LOOKS = 4;

export type Seen = "black" | "frozen" | undefined;

export class Glance {
  private readonly canvas: HTMLCanvasElement;
  private before: Float32Array | undefined;
  private dark = 0;
  private still = 0;

  constructor() {
    this.canvas = document.createElement("canvas");
    this.canvas.width = WIDTH;
    this.canvas.height = HEIGHT;
  }

  /** Looks once; to be called every second. What it says has been so for some seconds. */
  look(video: HTMLVideoElement): Seen {
    const context = this.canvas.getContext("2d", { willReadFrequently: true });
    if (context === null || video.videoWidth === 0) return undefined;
    context.drawImage(video, 0, 0, WIDTH, HEIGHT);
    return this.judge(lightness(context.getImageData(0, 0, WIDTH, HEIGHT).data));
  }

  /** The same of lightnesses from 0 to 255. */
  judge(now: Float32Array): Seen {
    const { before } = this;
    this.before = now;
    const mean = now.reduce((sum, value) => sum + value, 0) / now.length;
    const change = before === undefined ? Infinity : now.reduce((sum, v, i) => sum + Math.abs(v - (before[i] ?? 0)), 0) / now.length;
    this.dark = mean < DARK ? this.dark + 1 : 0;
    this.still = change < STILL ? this.still + 1 : 0;
    if (this.dark >= LOOKS) return "black";
    return this.still >= LOOKS ? "frozen" : undefined;
  }
}

function lightness(rgba: Uint8ClampedArray): Float32Array {
  const values = new Float32Array(rgba.length / 4);
  for (let i = 0; i < values.length; i++) {
    values[i] = 0.299 * (rgba[4 * i] ?? 0) + 0.587 * (rgba[4 * i + 1] ?? 0) + 0.114 * (rgba[4 * i + 2] ?? 0);
  }
  return values;
}
