import { Code } from "@connectrpc/connect";
import type { Upload } from "@gen/notreally/v1/analysis_pb";
import { describe, expect, it, vi } from "vitest";

import { broken, refusal, Server } from "@/testing/server";

import { send, type Sending } from "./send";

// Nobody waits in a test.
vi.mock("@/lib/backoff", () => ({ backoffMs: () => 0, pause: async () => undefined }));

const CONTENT = Uint8Array.from({ length: 3500 }, (_, index) => index % 251);
const file = () => new File([CONTENT], "clip.mp4", { type: "video/mp4" });

function sending(changes: Partial<Sending> = {}): Sending {
  return {
    file: file(),
    requestId: "1",
    maxChunkBytes: 1000,
    signal: new AbortController().signal,
    onCommitted: () => undefined,
    onTrouble: () => undefined,
    ...changes,
  };
}

describe("sending a file", () => {
  it("brings all of it, in order, and says how far it is", async () => {
    const server = new Server();
    const committed: number[] = [];
    const upload = await send(
      server.api(),
      sending({ onCommitted: ({ committedSize }) => committed.push(Number(committedSize)) }),
    );
    expect(upload.complete).toBe(true);
    expect(server.bytes).toEqual([...CONTENT]);
    expect(committed).toEqual([0, 1000, 2000, 3000, 3500]);
  });

  it("goes on from where it stopped", async () => {
    const server = new Server();
    const stop = new AbortController();
    const stopping = sending({
      signal: stop.signal,
      onCommitted: ({ committedSize }) => committedSize >= 2000n && stop.abort(),
    });
    await expect(send(server.api(), stopping)).rejects.toThrow();
    await send(server.api(), sending({ name: "uploads/1" }));
    expect(server.bytes).toEqual([...CONTENT]);
    expect(server.calls.filter((call) => call === "createUpload")).toHaveLength(1);
  });

  it("outlives any number of broken connections, and says so", async () => {
    const server = new Server();
    server.fail("createUpload", broken(), broken());
    server.fail("uploadChunk", broken(), broken(), broken());
    server.fail("getUpload", broken());
    const onTrouble = vi.fn();
    await send(server.api(), sending({ onTrouble }));
    expect(server.bytes).toEqual([...CONTENT]);
    expect(onTrouble).toHaveBeenCalledTimes(6);
  });

  it("sends less at once when the line has become too slow", async () => {
    const content = new Uint8Array(700 * 1024);
    const server = new Server();
    server.fail("uploadChunk", broken(), broken());
    const committed: number[] = [];
    const onCommitted: Sending["onCommitted"] = ({ committedSize }) => committed.push(Number(committedSize));
    await send(server.api(), sending({ file: new File([content], "clip.mp4"), maxChunkBytes: 1 << 20, onCommitted }));
    expect(committed.slice(0, 2)).toEqual([0, 64 * 1024]);
  });

  it("asks where to go on when the server is elsewhere than it thought", async () => {
    const server = new Server();
    server.fail("uploadChunk", refusal(Code.OutOfRange, "WRONG_OFFSET"));
    await send(server.api(), sending());
    expect(server.bytes).toEqual([...CONTENT]);
  });

  it("sends a damaged chunk again, but not for ever", async () => {
    const damaged = () => refusal(Code.InvalidArgument, "CHECKSUM_MISMATCH");
    const server = new Server();
    server.fail("uploadChunk", damaged(), damaged());
    await send(server.api(), sending());
    expect(server.bytes).toEqual([...CONTENT]);

    const hopeless = new Server();
    hopeless.fail("uploadChunk", damaged(), damaged(), damaged(), damaged());
    await expect(send(hopeless.api(), sending())).rejects.toThrow("CHECKSUM_MISMATCH");
  });

  it("sends all of it again when the server has lost it, but not for ever", async () => {
    for (const [losses, outcome] of [
      [3, "complete"],
      [4, "given up"],
    ] as const) {
      const server = new Server();
      let lost = 0;
      const onCommitted = ({ committedSize }: Upload) => {
        if (committedSize === 2000n && lost < losses) {
          lost += 1;
          server.lose("uploads/1");
        }
      };
      const sent = send(server.api(), sending({ onCommitted }));
      if (outcome === "complete") expect((await sent).complete).toBe(true);
      else await expect(sent).rejects.toThrow("keeps losing the upload");
    }
  });

  it("begins again when the server has forgotten the upload", async () => {
    const server = new Server();
    await send(server.api(), sending({ name: "uploads/forgotten" }));
    expect(server.bytes).toEqual([...CONTENT]);
  });

  it("stops at what the server refuses", async () => {
    const server = new Server();
    server.fail("createUpload", refusal(Code.InvalidArgument, "TOO_LARGE"));
    await expect(send(server.api(), sending())).rejects.toThrow("TOO_LARGE");
  });

  it("says when the file cannot be read any more", async () => {
    const moved = file();
    vi.spyOn(moved, "slice").mockReturnValue({ arrayBuffer: () => Promise.reject(new Error()) } as unknown as Blob);
    await expect(send(new Server().api(), sending({ file: moved }))).rejects.toThrow("cannot be read any more");
  });
});
