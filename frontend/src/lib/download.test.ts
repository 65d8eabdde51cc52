import { describe, expect, it, vi } from "vitest";

import { broken, Server } from "@/testing/server";

import { downloadMedia, mediaType } from "./download";

vi.mock("./backoff", () => ({ backoffMs: () => 0, pause: async () => undefined }));

const { signal } = new AbortController();

describe("downloading a video", () => {
  it("goes on where a broken connection left off", async () => {
    const bytes = Uint8Array.from({ length: 100 }, (_, index) => index);
    const offsets: bigint[] = [];
    const server = new Server({
      async *downloadMedia({ offset }) {
        offsets.push(offset);
        yield { data: bytes.slice(Number(offset), Number(offset) + 40) };
        if (offsets.length < 3) throw broken();
      },
    });
    const received: [number, boolean][] = [];
    const onProgress = (...progress: [number, boolean]) => received.push(progress);
    const blob = await downloadMedia(server.api(), "analyses/1", 100, "video/mp4", onProgress, signal);
    expect(new Uint8Array(await blob.arrayBuffer())).toEqual(bytes);
    expect(blob.type).toBe("video/mp4");
    expect(offsets).toEqual([0n, 40n, 80n]);
    expect(received).toEqual([
      [40, false],
      [40, true],
      [80, false],
      [80, true],
      [100, false],
    ]);
  });

  it.each([
    ["mov,mp4,m4a,3gp,3g2,mj2", "video/mp4"],
    ["matroska,webm", "video/webm"],
    ["ogg", "video/ogg"],
    ["avi", ""],
  ])("of a %s is %s", (container, type) => {
    expect(mediaType(container)).toBe(type);
  });

  it.each([
    ["mov,mp4,m4a,3gp,3g2,mj2", "audio/mp4"],
    ["mp3", "audio/mpeg"],
    ["wav", "audio/wav"],
    ["ogg", "audio/ogg"],
    ["flac", "audio/flac"],
    ["amr", "audio/amr"],
    ["matroska,webm", "video/webm"],
  ])("of a %s without a picture is %s", (container, type) => {
    expect(mediaType(container, true)).toBe(type);
  });
});
