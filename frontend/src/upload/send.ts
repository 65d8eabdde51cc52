/** Sending one file in chunks, from wherever it stopped. */

import type { Upload } from "@gen/notreally/v1/analysis_pb";

import { failureOf } from "@/lib/api/errors";
import type { Api } from "@/lib/api/client";
import { backoffMs, pause } from "@/lib/backoff";
import { persist, type Persistence } from "@/lib/persist";

import { crc32c } from "./crc32c.mjs";
import { firstChunkBytes, nextChunkBytes } from "./pace";

/** Chunks that may arrive damaged one after another before we stop blaming the network. */
const MOST_MISMATCHES = 3;
/** How often a server may have lost what it had stored. */
const MOST_RESTARTS = 3;

export interface Sending extends Persistence {
  file: File;
  /** Makes a repeated beginning the same upload. */
  requestId: string;
  /** `uploads/{id}` of an upload already begun. */
  name?: string;
  maxChunkBytes: number;
  /** Called with the upload's state after every stored chunk. */
  onCommitted: (upload: Upload) => void;
}

/**
 * Sends what the server does not have yet.
 *
 * A connection that breaks is tried again for as long as it takes: the person sees it, and can pause or cancel.
 *
 * @returns The completed upload.
 * @throws What the server refused with, that the file cannot be read any more, or the reason of the abort.
 */
export async function send(api: Api, sending: Sending): Promise<Upload> {
  let upload = await begin(api, sending);
  let failures = 0;
  let mismatches = 0;
  let restarts = 0;
  let chunkBytes = firstChunkBytes(sending.maxChunkBytes);
  sending.onCommitted(upload);
  while (!upload.complete) {
    const before = upload.committedSize;
    try {
      const began = performance.now();
      upload =
        upload.committedSize < upload.sizeBytes
          ? await sendChunk(api, upload, chunkBytes, sending)
          : await api.getUpload({ name: upload.name }, { signal: sending.signal });
      chunkBytes = nextChunkBytes(chunkBytes, performance.now() - began, sending.maxChunkBytes);
      failures = mismatches = 0;
      sending.onCommitted(upload);
    } catch (error) {
      sending.signal.throwIfAborted();
      if (error instanceof UnreadableFileError) throw error;
      const failure = failureOf(error);
      if (failure.reason === "CHECKSUM_MISMATCH" && mismatches < MOST_MISMATCHES) {
        mismatches += 1;
      } else if (failure.reason !== "WRONG_OFFSET" && !failure.transient) {
        throw error;
      }
      failures += 1;
      if (failure.transient) {
        // A line that has become slow may not bring a large one in the time that a call has.
        chunkBytes = nextChunkBytes(chunkBytes, Infinity, sending.maxChunkBytes);
        sending.onTrouble(failure);
        await pause(backoffMs(failures), sending.signal);
      }
      // How much of it arrived, nobody here knows.
      upload = await persist(() => api.getUpload({ name: upload.name }, { signal: sending.signal }), sending);
    }
    if (upload.committedSize < before && ++restarts > MOST_RESTARTS) throw new LosingServerError();
  }
  return upload;
}

async function begin(api: Api, sending: Sending): Promise<Upload> {
  const { file, name, requestId, signal } = sending;
  if (name) {
    try {
      return await persist(() => api.getUpload({ name }, { signal }), sending);
    } catch (error) {
      // The server has forgotten it: begin again.
      if (failureOf(error).reason !== "UPLOAD_NOT_FOUND") throw error;
    }
  }
  return persist(
    () => api.createUpload({ filename: file.name, sizeBytes: BigInt(file.size), requestId }, { signal }),
    sending,
  );
}

async function sendChunk(api: Api, upload: Upload, chunkBytes: number, sending: Sending): Promise<Upload> {
  const offset = Number(upload.committedSize);
  // Only this slice is ever in memory.
  const data = new Uint8Array(await readSlice(sending.file, offset, offset + chunkBytes));
  return api.uploadChunk(
    { name: upload.name, offset: BigInt(offset), data, crc32c: crc32c(data) },
    { signal: sending.signal },
  );
}

async function readSlice(file: File, start: number, end: number): Promise<ArrayBuffer> {
  try {
    return await file.slice(start, end).arrayBuffer();
  } catch {
    throw new UnreadableFileError();
  }
}

/** The server loses what it has stored, again and again. */
export class LosingServerError extends Error {
  constructor() {
    super("The server keeps losing the upload. Try again later.");
  }
}

/** The file was moved, changed or deleted while it was being sent. */
export class UnreadableFileError extends Error {
  constructor() {
    super("The file cannot be read any more. Was it moved or changed? Choose it again.");
  }
}
