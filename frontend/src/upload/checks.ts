/** What can be said about a picked file before a byte of it is sent. */

import { formatBytes } from "@/lib/format";

/** Containers people record video in, as the server opens them (services/kit/media/formats.py). */
const EXTENSIONS: ReadonlySet<string> = new Set(
  "264 265 3g2 3gp asf avi dif dv flv gif h264 h265 hevc ivf m2ts m4v mj2 mkv mov mp4 mpeg mpg mts mxf nut ogg ogv ts webm wmv".split(
    " ",
  ),
);

/** Types that browsers name and that may be videos all the same. */
const OTHER_TYPES: ReadonlySet<string> = new Set(["image/gif", "application/mxf", "application/ogg"]);

/** What the file dialog offers first. */
export const ACCEPT = ["video/*", ...Array.from(EXTENSIONS, (extension) => `.${extension}`)].join(",");

/** Just enough of a File to judge it. */
export interface Picked {
  name: string;
  size: number;
  type: string;
}

/** Why a file cannot be analysed, as a sentence; undefined when nothing speaks against it. */
export function objection(file: Picked, maxBytes: number | undefined): string | undefined {
  if (!looksLikeVideo(file)) {
    return "This is not a video file. Choose a video, such as MP4, MOV, WebM or MKV.";
  }
  if (file.size === 0) return "This file is empty. Choose another one.";
  if (maxBytes !== undefined && file.size > maxBytes) {
    return `This video has ${formatBytes(file.size)}, and the server takes at most ${formatBytes(maxBytes)}. Cut it or compress it, and try again.`;
  }
  return undefined;
}

/** Browsers name the type of what they know; for the rest there is the end of the name. */
function looksLikeVideo(file: Picked): boolean {
  const type = file.type.toLowerCase();
  if (type.startsWith("video/")) return true;
  const extension = /\.([^.]+)$/.exec(file.name)?.[1]?.toLowerCase() ?? "";
  // A type that says something else (a picture, a text) is believed over the name: `.ts` is also TypeScript.
  const says = type !== "" && type !== "application/octet-stream" && !OTHER_TYPES.has(type);
  return !says && EXTENSIONS.has(extension);
}
