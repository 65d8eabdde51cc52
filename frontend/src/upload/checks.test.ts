import { describe, expect, it } from "vitest";

import { objection } from "./checks";

const LIMIT = 100_000_000;

function file(name: string, type: string, size = 1000) {
  return { name, type, size };
}

describe("a picked file", () => {
  it.each([
    ["clip.mp4", "video/mp4"],
    ["clip.MKV", ""],
    ["clip.avi", "application/octet-stream"],
    ["without extension", "video/quicktime"],
    ["dancing.gif", "image/gif"],
    ["broadcast.mxf", "application/mxf"],
    ["camera.h264", ""],
  ])("%s of type '%s' is a video", (name, type) => {
    expect(objection(file(name, type), LIMIT)).toBeUndefined();
  });

  it.each([
    ["notes.txt", "text/plain"],
    ["photo.jpg", "image/jpeg"],
    ["photo.webp", "image/webp"],
    ["song.mp3", "audio/mpeg"],
    ["code.ts", "text/typescript"],
    ["clip", ""],
  ])("%s of type '%s' is none", (name, type) => {
    expect(objection(file(name, type), LIMIT)).toContain("not a video");
  });

  it("may be exactly as large as the limit", () => {
    expect(objection(file("clip.mp4", "video/mp4", LIMIT), LIMIT)).toBeUndefined();
    expect(objection(file("clip.mp4", "video/mp4", LIMIT + 1), LIMIT)).toContain("at most 100");
  });

  it("is judged by its size only when the server has said its limit", () => {
    expect(objection(file("clip.mp4", "video/mp4", 10 * LIMIT), undefined)).toBeUndefined();
  });

  it("must not be empty", () => {
    expect(objection(file("clip.mp4", "video/mp4", 0), LIMIT)).toContain("empty");
  });
});
