import { describe, expect, it } from "vitest";

import { ACCEPT, hasSoundName, objection } from "./checks";

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
    ["tune.mid", "audio/midi"],
    ["playlist.m3u", "audio/x-mpegurl"],
    ["code.ts", "text/typescript"],
    ["clip", ""],
  ])("%s of type '%s' is none", (name, type) => {
    expect(objection(file(name, type), LIMIT)).toContain("not a video or a sound file");
  });

  it.each([
    ["message.wav", "audio/wav"],
    ["message.wav", "audio/x-wav"],
    ["song.mp3", "audio/mpeg"],
    ["memo.m4a", "audio/x-m4a"],
    ["memo.m4a", "audio/mp4"],
    ["voice.ogg", "audio/ogg"],
    ["voice.opus", "audio/ogg"],
    ["voice.opus", ""],
    ["take.flac", "audio/flac"],
    ["call.AMR", ""],
    ["call.amr", "audio/amr"],
    ["without extension", "audio/mpeg"],
  ])("%s of type '%s' is a sound file", (name, type) => {
    expect(objection(file(name, type), LIMIT)).toBeUndefined();
  });

  it("is offered by the file dialog, sound files too", () => {
    for (const each of ["video/*", "audio/*", ".mp4", ".wav", ".mp3", ".m4a", ".ogg", ".opus", ".flac", ".amr"]) {
      expect(ACCEPT.split(",")).toContain(each);
    }
  });

  it("is known by its name to be a sound file where it cannot be a video", () => {
    expect(["a.MP3", "a.amr", "a.ogg", "a.mp4", "mp3"].map(hasSoundName)).toEqual([true, true, false, false, false]);
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
