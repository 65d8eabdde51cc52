/**
 * Numbers as people read them, with their units, in the language of the page.
 *
 * Every function takes the locale as its last argument, for tests; without it the page's is used. Times are in the
 * reader's own zone.
 */

import { timestampDate, type Timestamp } from "@bufbuild/protobuf/wkt";

/** A non-breaking thin space between a number and its unit. */
const GAP = "\u202f";

/** British English, as everything the page says. */
const PAGE_LOCALE = "en-GB";

const BYTE_UNITS = ["B", "kB", "MB", "GB", "TB"];

const formats = new Map<string, Intl.NumberFormat>();

/** Formats a number; what does so is slow to make, and kept. */
function format(value: number, options: Intl.NumberFormatOptions, locale = PAGE_LOCALE): string {
  const key = `${locale} ${JSON.stringify(options)}`;
  const made = formats.get(key) ?? new Intl.NumberFormat(locale, options);
  formats.set(key, made);
  // A minus, which in many locales is written as a hyphen.
  return made.format(value).replace(/^-/, "\u2212");
}

/** A plain number with at most `digits` decimals. */
export function formatNumber(value: number, digits = 0, locale?: string): string {
  return format(value, { maximumFractionDigits: digits }, locale);
}

/** A number with `digits` significant digits, such as "0.0095". */
export function formatSignificant(value: number, digits = 2, locale?: string): string {
  return format(value, { maximumSignificantDigits: digits }, locale);
}

/** A number with `digits` decimals and its sign, such as "+0.42"; zero has none. */
export function formatSigned(value: number, digits: number, locale?: string): string {
  return format(
    value,
    { minimumFractionDigits: digits, maximumFractionDigits: digits, signDisplay: "exceptZero" },
    locale,
  );
}

/** A share from 0 to 1 in percent. */
export function formatPercent(share: number, digits = 0, locale?: string): string {
  return format(share, { style: "percent", maximumFractionDigits: digits }, locale);
}

/** A probability in percent, never rounded to certainty. */
export function formatProbability(probability: number, locale?: string): string {
  if (probability < 0.01) return `<${GAP}${formatPercent(0.01, 0, locale)}`;
  if (probability > 0.99) return `>${GAP}${formatPercent(0.99, 0, locale)}`;
  return formatPercent(probability, 0, locale);
}

/** A size in decimal units, as the limit on uploads is given: 1 MB is a million bytes. */
export function formatBytes(bytes: number | bigint, locale?: string): string {
  let value = Number(bytes);
  let unit = 0;
  while (value >= 999.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.5 ? 0 : 1;
  return `${formatNumber(value, digits, locale)}${GAP}${BYTE_UNITS[unit]}`;
}

/** Bytes a second. */
export function formatSpeed(bytesPerSecond: number, locale?: string): string {
  return `${formatBytes(bytesPerSecond, locale)}/s`;
}

/** A span of time, such as "4.2 s", "1 min 20 s" or "2 h 5 min". */
export function formatDuration(seconds: number, locale?: string): string {
  if (seconds < 9.95) return `${formatNumber(seconds, 1, locale)}${GAP}s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}${GAP}s`;
  if (whole < 3600) return joined(Math.floor(whole / 60), "min", whole % 60, "s");
  const minutes = Math.round(whole / 60);
  return joined(Math.floor(minutes / 60), "h", minutes % 60, "min");
}

/** How long something will still take: coarse, because it is a guess. */
export function formatTimeLeft(seconds: number): string {
  if (seconds < 1.5) return "about a second left";
  if (seconds < 55) {
    const rounded = seconds < 10 ? Math.round(seconds) : Math.round(seconds / 5) * 5;
    return `about ${rounded} seconds left`;
  }
  const minutes = Math.round(seconds / 60);
  if (minutes <= 1) return "about a minute left";
  if (minutes < 60) return `about ${minutes} minutes left`;
  const hours = Math.round(minutes / 60);
  return hours <= 1 ? "about an hour left" : `about ${hours} hours left`;
}

/** A place in a video, such as "1:05.3". */
export function formatTimecode(seconds: number, digits = 1): string {
  const scale = 10 ** digits;
  const ticks = Math.round(Math.max(seconds, 0) * scale);
  const whole = Math.floor(ticks / scale);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const rest = String(whole % 60).padStart(2, "0");
  const fraction = digits > 0 ? `.${String(ticks % scale).padStart(digits, "0")}` : "";
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}${fraction}` : `${minutes}:${rest}${fraction}`;
}

/** Day and time in the reader's own zone. */
export function formatDateTime(time: Timestamp | Date, locale = PAGE_LOCALE): string {
  const date = time instanceof Date ? time : timestampDate(time);
  return new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" }).format(date);
}

/** The same with the zone, for what is read elsewhere than here. */
export function formatDateTimeZone(time: Timestamp, locale = PAGE_LOCALE, timeZone?: string): string {
  const day = { day: "numeric", month: "short", year: "numeric" } as const;
  const clock = { hour: "2-digit", minute: "2-digit", timeZoneName: "short" } as const;
  return new Intl.DateTimeFormat(locale, { ...day, ...clock, timeZone }).format(timestampDate(time));
}

/** A day. */
export function formatDate(time: Timestamp, locale = PAGE_LOCALE): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: "medium" }).format(timestampDate(time));
}

/** "1 video", "3 videos". */
export function formatCount(count: number, one: string, many: string, locale?: string): string {
  return `${formatNumber(count, 0, locale)} ${count === 1 ? one : many}`;
}

function joined(large: number, largeUnit: string, small: number, smallUnit: string): string {
  const first = `${large}${GAP}${largeUnit}`;
  return small > 0 ? `${first} ${small}${GAP}${smallUnit}` : first;
}
