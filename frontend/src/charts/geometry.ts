/** Every chart leaves the same room left and right of its plot, so that times stand above each other. */

export const LEFT = 42;
export const RIGHT = 34;
export const TOP = 8;
export const AXIS_HEIGHT = 22;

/** Steps between marks on an axis of time, seconds. */
const STEPS = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];

/** Times to mark on an axis from 0 to `duration`, at most about `most`. */
export function timeTicks(duration: number, most = 8): number[] {
  if (!(duration > 0)) return [0];
  const step = STEPS.find((each) => duration / each <= most) ?? 7200;
  return Array.from({ length: Math.floor(duration / step) + 1 }, (_, index) => index * step);
}

/** The time under a pointer `x` pixels from the left edge of a chart `width` pixels wide. */
export function timeUnder(x: number, width: number, duration: number): number {
  const share = (x - LEFT) / Math.max(1, width - LEFT - RIGHT);
  return Math.min(1, Math.max(0, share)) * duration;
}

/** A CSS position of a time from a chart's left edge. */
export function leftOf(t: number, duration: number): string {
  const share = duration > 0 ? Math.min(1, Math.max(0, t / duration)) : 0;
  return `calc(${LEFT}px + (100% - ${LEFT + RIGHT}px) * ${share.toFixed(5)})`;
}

/** The CSS width of a span of time in a chart. */
export function widthOf(seconds: number, duration: number): string {
  const share = duration > 0 ? Math.min(1, Math.max(0, seconds / duration)) : 0;
  return `calc((100% - ${LEFT + RIGHT}px) * ${share.toFixed(5)})`;
}

/** A round number at or a little above `value`, for the end of an axis. */
export function roundUp(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find((each) => each * power >= value * 0.9999) ?? 10;
  return step * power;
}
