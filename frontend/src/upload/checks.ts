/** What can be said about a picked file before a byte of it is sent. */

import { formatBytes } from "@/lib/format";

/** Containers people record video in, as the server opens them (services/kit/media/formats.py). */
const VIDEO_EXTENSIONS: ReadonlySet<string> = new Set(
  "264 265 3g2 3gp asf avi dif dv flv gif h264 h265 hevc ivf m2ts m4v mj2 mkv mov mp4 mpeg mpg mts mxf nut ogg ogv ts webm wmv".split(
    " ",
  ),
);

/** And those people record voices in. */
const SOUND_EXTENSIONS: ReadonlySet<string> = new Set("amr flac m4a mp3 ogg opus wav".split(" "));

/** As browsers name the types of these, after "audio/". */
const SOUND_TYPES: ReadonlySet<string> = new Set(
  "amr amr-nb flac m4a mp3 mp4 mpeg ogg opus vnd.wave wav wave x-flac x-m4a x-wav".split(" "),
);

/** Types that browsers name and that may be videos or sound all the same. */
const OTHER_TYPES: ReadonlySet<string> = new Set(["image/gif", "application/mxf", "application/ogg"]);

/** What the file dialog offers first. */
export const ACCEPT = [
  "video/*",
  "audio/*",
  ...Array.from(new Set([...VIDEO_EXTENSIONS, ...SOUND_EXTENSIONS]), (extension) => `.${extension}`),
].join(",");

/** Just enough of a File to judge it. */
export interface Picked {
  name: string;
  size: number;
  type: string;
}

/** Why a file cannot be analysed, as a sentence; undefined when nothing speaks against it. */
export function objection(file: Picked, maxBytes: number | undefined): string | undefined {
  if (!looksLikeMedia(file)) {
    return "This is not a video or a sound file. Choose a video, such as MP4, MOV or WebM, or a sound file, such as MP3, WAV or M4A.";
  }
  if (file.size === 0) return "This file is empty. Choose another one.";
  if (maxBytes !== undefined && file.size > maxBytes) {
    return `This file has ${formatBytes(file.size)}, and the server takes at most ${formatBytes(maxBytes)}. Cut it or compress it, and try again.`;
  }
  return undefined;
}

/** Whether a file is named as a sound file; one that may be either is not. */
export function hasSoundName(filename: string): boolean {
  const extension = extensionOf(filename);
  return SOUND_EXTENSIONS.has(extension) && !VIDEO_EXTENSIONS.has(extension);
}

/** Browsers name the type of what they know; for the rest there is the end of the name. */
function looksLikeMedia(file: Picked): boolean {
  const [kind, subtype = ""] = file.type.toLowerCase().split("/");
  if (kind === "video") return true;
  const extension = extensionOf(file.name);
  if (kind === "audio") return SOUND_TYPES.has(subtype) || SOUND_EXTENSIONS.has(extension);
  const type = file.type.toLowerCase();
  // A type that says something else (a picture, a text) is believed over the name: `.ts` is also TypeScript.
  const says = type !== "" && type !== "application/octet-stream" && !OTHER_TYPES.has(type);
  return !says && (VIDEO_EXTENSIONS.has(extension) || SOUND_EXTENSIONS.has(extension));
}

function extensionOf(filename: string): string {
  return /\.([^.]+)$/.exec(filename)?.[1]?.toLowerCase() ?? "";
}
