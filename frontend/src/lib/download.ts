/** Getting a video or a sound file back from the server. */

import { failureOf } from "./api/errors";
import type { Api } from "./api/client";
import { backoffMs, pause } from "./backoff";

/** Parts are handed to the browser in lumps of this size, which it keeps out of the page's memory. */
const LUMP_BYTES = 8 * 1024 * 1024;

/**
 * Downloads the file of an analysis, going on where a broken connection left off.
 *
 * @param type Media type, such as "video/mp4": what the player goes by.
 * @param onProgress Called with the bytes that have arrived, and whether the connection broke and is tried again.
 * @param signal Stops it.
 */
export async function downloadMedia(
  api: Api,
  name: string,
  sizeBytes: number,
  type: string,
  onProgress: (received: number, isTryingAgain: boolean) => void,
  signal: AbortSignal,
): Promise<Blob> {
  const lumps: Blob[] = [];
  let loose: Uint8Array<ArrayBuffer>[] = [];
  let looseBytes = 0;
  let received = 0;
  let failures = 0;
  const gather = () => {
    if (loose.length > 0) lumps.push(new Blob(loose));
    loose = [];
    looseBytes = 0;
  };
  while (received < sizeBytes) {
    try {
      for await (const { data } of api.downloadMedia({ name, offset: BigInt(received) }, { signal, timeoutMs: 0 })) {
        loose.push(new Uint8Array(data));
        looseBytes += data.length;
        received += data.length;
        failures = 0;
        if (looseBytes >= LUMP_BYTES) gather();
        onProgress(received, false);
      }
      if (received < sizeBytes) throw new Error("The stream ended early.");
    } catch (error) {
      signal.throwIfAborted();
      if (!failureOf(error).transient) throw error;
      failures += 1;
      onProgress(received, true);
      await pause(backoffMs(failures), signal);
    }
  }
  gather();
  return new Blob(lumps, { type });
}

/** Of the containers that hold nothing but sound. */
const SOUND_TYPES: readonly (readonly [name: string, type: string])[] = [
  ["mp3", "audio/mpeg"],
  ["wav", "audio/wav"],
  ["flac", "audio/flac"],
  ["ogg", "audio/ogg"],
  ["amr", "audio/amr"],
  ["mp4", "audio/mp4"],
];

/** Media type by the container's name, as ffmpeg says it; players are strict about it. */
export function mediaType(container: string, isSound = false): string {
  const names = container.split(",");
  const sound = isSound ? SOUND_TYPES.find(([name]) => names.includes(name)) : undefined;
  if (sound) return sound[1];
  if (names.includes("mp4") || names.includes("mov")) return "video/mp4";
  if (names.includes("webm") || names.includes("matroska")) return "video/webm";
  if (names.includes("ogg")) return "video/ogg";
  return "";
}
