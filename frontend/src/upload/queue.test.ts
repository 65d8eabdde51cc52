import { create } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { AnalysisEventSchema, AnalysisState, UploadSchema } from "@gen/notreally/v1/analysis_pb";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { Watcher } from "@/progress/watcher";
import { broken, refusal, Server } from "@/testing/server";

import { remember, remembered, type Remembered } from "./memory";
import { Queue } from "./queue";

vi.mock("@/lib/backoff", () => ({ backoffMs: () => 0, pause: () => new Promise((done) => setTimeout(done, 1)) }));

function video(name = "clip.mp4", size = 2500) {
  return new File([new Uint8Array(size)], name, { type: "video/mp4", lastModified: 1 });
}

function setUp() {
  const cancelled: string[] = [];
  const server = new Server({
    async *watchAnalyses({ targets }) {
      for (const { name } of targets) {
        const state = cancelled.includes(name) ? AnalysisState.CANCELLED : AnalysisState.SUCCEEDED;
        yield create(AnalysisEventSchema, { analysis: name, sequence: 1n, state, percent: 100 });
      }
    },
    cancelAnalysis: ({ name }) => {
      cancelled.push(name);
      return { name };
    },
  });
  const api = server.api();
  const fresh = () => new Queue(() => api, new Watcher(() => api));
  return { server, cancelled, fresh, queue: fresh() };
}

/** What an earlier page leaves behind of a video of one byte. */
function leave(id: string, how: Pick<Remembered, "upload" | "analysis"> = {}): void {
  remember({ id, filename: `${id}.mp4`, size: 1, fingerprint: "f", sinceMs: Date.now(), ...how });
}

/** The server has that byte. */
function arrive(server: Server, name: string): void {
  server.uploads.set(name, create(UploadSchema, { name, sizeBytes: 1n, committedSize: 1n, complete: true }));
}

function cancelOnceAccepted(queue: Queue): void {
  const stop = queue.subscribe(() => {
    const [item] = queue.get();
    if (item?.video.phase !== "accepted") return;
    stop();
    void queue.cancel(item.id);
  });
}

const phases = (queue: Queue) => queue.get().map(({ video: { phase } }) => phase);

beforeEach(() => localStorage.clear());

describe("the queue", () => {
  it("sends one video after another and follows them to their end", async () => {
    const { queue, server } = setUp();
    await queue.add([video("one.mp4"), video("two.mp4")]);
    await vi.waitFor(() => expect(phases(queue)).toEqual(["succeeded", "succeeded"]));
    expect(server.bytes).toHaveLength(5000);
    // Nothing is left to go on with.
    expect(remembered(Date.now())).toEqual([]);
  });

  it("sends nothing of what the server would not take", async () => {
    const { queue, server } = setUp();
    await queue.add([video("large.mp4", 20_000), new File(["x"], "notes.txt", { type: "text/plain" })]);
    expect(phases(queue)).toEqual(["unsuitable", "unsuitable"]);
    expect(server.calls).not.toContain("createUpload");
  });

  it("waits while the line is full", async () => {
    const { queue, server } = setUp();
    const full = () => refusal(Code.ResourceExhausted, "QUEUE_FULL");
    server.fail("createAnalysis", full(), full());
    await queue.add([video()]);
    await vi.waitFor(() => expect(phases(queue)).toEqual(["succeeded"]));
  });

  it("waits while too many are being uploaded", async () => {
    const { queue, server } = setUp();
    server.fail("createUpload", refusal(Code.ResourceExhausted, "TOO_MANY_UPLOADS"));
    await queue.add([video()]);
    await vi.waitFor(() => expect(phases(queue)).toEqual(["succeeded"]));
  });

  it("says while it tries again that it goes on by itself", async () => {
    const { queue, server } = setUp();
    const said = new Set<string | undefined>();
    queue.subscribe(() => said.add(queue.get()[0]?.video.trouble));
    server.fail("getServerInfo", broken(), broken());
    server.fail("uploadChunk", broken());
    server.fail("createAnalysis", broken());
    await queue.add([video()]);
    await vi.waitFor(() => expect(phases(queue)).toEqual(["succeeded"]));
    expect([...said]).toEqual([undefined, expect.stringMatching(/the page will continue by itself\.$/)]);
  });

  it("says what the server refused", async () => {
    const { queue, server } = setUp();
    server.fail("createUpload", refusal(Code.InvalidArgument, "TOO_LARGE"));
    await queue.add([video()]);
    await vi.waitFor(() => expect(phases(queue)).toEqual(["failed"]));
    expect(queue.get()[0]?.video.message).toContain("TOO_LARGE");
  });

  it("pauses, lets the next one pass, and goes on", async () => {
    const { queue, server } = setUp();
    const adding = queue.add([video("one.mp4"), video("two.mp4")]);
    const [one] = queue.get();
    queue.pause(one?.id ?? "");
    await adding;
    await vi.waitFor(() => expect(phases(queue)).toEqual(["paused", "succeeded"]));
    expect(server.bytes).toHaveLength(2500);
    queue.resume(one?.id ?? "");
    await vi.waitFor(() => expect(phases(queue)).toEqual(["succeeded", "succeeded"]));
  });

  it("cancels an analysis that gets its name only afterwards", async () => {
    const { queue, cancelled, server } = setUp();
    // Its answer may have been lost.
    server.fail("createAnalysis", broken());
    cancelOnceAccepted(queue);
    await queue.add([video()]);
    await vi.waitFor(() => expect(phases(queue)).toEqual(["cancelled"]));
    expect(cancelled).toHaveLength(1);
  });

  it("cancels what waits for room in the line, without waiting for that", async () => {
    const { queue, cancelled, server } = setUp();
    server.fail("createAnalysis", ...Array.from({ length: 1000 }, () => refusal(Code.ResourceExhausted, "QUEUE_FULL")));
    await queue.add([video("one.mp4"), video("two.mp4")]);
    await vi.waitFor(() => expect(queue.get()[0]?.video.trouble).toContain("QUEUE_FULL"));
    void queue.cancel(queue.get()[0]?.id ?? "");
    expect(queue.get()[0]?.video.cancelling).toBe(true);
    await vi.waitFor(() => expect(phases(queue)).toEqual(["cancelled", "accepted"]));
    server.failures.clear();
    await vi.waitFor(() => expect(phases(queue)).toEqual(["cancelled", "succeeded"]));
    expect(cancelled).toEqual([]);
    expect(remembered(Date.now())).toEqual([]);
  });

  it("knows after a reload what was to be cancelled", async () => {
    const { queue, cancelled, fresh, server } = setUp();
    server.fail("createAnalysis", ...Array.from({ length: 1000 }, () => broken()));
    cancelOnceAccepted(queue);
    await queue.add([video()]);
    await vi.waitFor(() => expect(queue.get()[0]?.video.cancelling).toBe(true));
    // This tab is gone, as far as the next one can tell.
    const before = remembered(Date.now());
    server.failures.clear();
    await vi.waitFor(() => expect(phases(queue)).toEqual(["cancelled"]));
    for (const entry of before) remember(entry);
    const after = fresh();
    await after.start();
    await vi.waitFor(() => expect(phases(after)).toEqual(["cancelled"]));
    expect(cancelled).toHaveLength(2);
  });

  it("asks for the file again after a reload that lost it, and takes no other", async () => {
    const { queue, fresh, server } = setUp();
    server.fail("uploadChunk", refusal(Code.Internal, "DEFECT"));
    const adding = queue.add([video()]);
    queue.pause(queue.get()[0]?.id ?? "");
    await adding;
    expect(phases(queue)).toEqual(["paused"]);

    const after = fresh();
    await after.start();
    expect(phases(after)).toEqual(["fileless"]);
    const id = after.get()[0]?.id ?? "";
    expect(await after.giveFile(id, video("clip.mp4", 2499))).toContain("not the file");
    server.failures.clear();
    expect(await after.giveFile(id, video())).toBeUndefined();
    await vi.waitFor(() => expect(phases(after)).toEqual(["succeeded"]));
  });

  it("follows on after a reload what was being analysed", async () => {
    const { fresh } = setUp();
    leave("1", { analysis: "analyses/1" });
    const queue = fresh();
    await queue.start();
    await vi.waitFor(() => expect(phases(queue)).toEqual(["succeeded"]));
  });

  it("asks after a reload, until the server is back, what has arrived of a video", async () => {
    const { fresh, server } = setUp();
    leave("1", { upload: "uploads/1" });
    arrive(server, "uploads/1");
    server.fail("getUpload", broken(), broken());
    const queue = fresh();
    await queue.start();
    expect(phases(queue)).toEqual(["fileless"]);
    await vi.waitFor(() => expect(phases(queue)).toEqual(["succeeded"]));
  });

  it("asks no more for what was cancelled while the server was away", async () => {
    const { fresh, server } = setUp();
    leave("1", { upload: "uploads/1" });
    arrive(server, "uploads/1");
    const away = Array.from({ length: 1000 }, broken);
    server.fail("getUpload", ...away);
    const queue = fresh();
    await queue.start();
    await vi.waitFor(() => expect(server.failures.get("getUpload")?.length).toBeLessThan(away.length));
    await queue.cancel("1");
    server.failures.clear();
    const asked = server.calls.length;
    await new Promise((done) => setTimeout(done, 50));
    expect(server.calls.length - asked).toBeLessThanOrEqual(1); // which was on its way
    expect(server.calls).not.toContain("createAnalysis");
    expect(phases(queue)).toEqual(["cancelled"]);
  });

  it("does not wait after a reload for one that the line has no room for", async () => {
    const { fresh, server } = setUp();
    leave("1", { upload: "uploads/1" });
    leave("2");
    arrive(server, "uploads/1");
    server.fail("createAnalysis", ...Array.from({ length: 1000 }, () => refusal(Code.ResourceExhausted, "QUEUE_FULL")));
    const queue = fresh();
    await queue.start();
    expect(queue.get().map(({ id }) => id)).toEqual(["1", "2"]);
    await vi.waitFor(() => expect(phases(queue)).toEqual(["accepted", "fileless"]));
    server.fail("createAnalysis", refusal(Code.NotFound, "UPLOAD_NOT_FOUND"));
    await vi.waitFor(() => expect(phases(queue)).toEqual(["failed", "fileless"]));
    expect(queue.get()[0]?.video.message).toContain("UPLOAD_NOT_FOUND");
  });

  it("takes off the list only what is done", async () => {
    const { queue } = setUp();
    await queue.add([new File(["x"], "notes.txt", { type: "text/plain" })]);
    queue.remove(queue.get()[0]?.id ?? "");
    expect(queue.get()).toEqual([]);
  });
});
