import { create } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import {
  AnalysisEventSchema,
  AnalysisSchema,
  AnalysisState,
  type WatchAnalysesRequest,
} from "@gen/notreally/v1/analysis_pb";
import { SeriesSchema } from "@gen/notreally/v1/series_pb";
import { afterEach, describe, expect, it, vi } from "vitest";

import { broken, refusal, Server } from "@/testing/server";

import { isOver, Watcher } from "./watcher";

vi.mock("@/lib/backoff", () => ({ backoffMs: () => 0, pause: () => new Promise((done) => setTimeout(done, 1)) }));

const { RUNNING, SUCCEEDED } = AnalysisState;

function event(analysis: string, sequence: number, state = RUNNING) {
  return create(AnalysisEventSchema, { analysis, sequence: BigInt(sequence), state, percent: sequence * 10 });
}

type Stream = (request: WatchAnalysesRequest, signal: AbortSignal) => AsyncIterable<ReturnType<typeof event>>;

/** A server that answers each watch with the next of these streams, and then with the last. */
function watched(...streams: Stream[]) {
  const requests: WatchAnalysesRequest[] = [];
  const records = new Map<string, AnalysisState>();
  const server = new Server({
    watchAnalyses: (request, { signal }) => {
      requests.push(request);
      const stream = streams[Math.min(requests.length, streams.length) - 1] as Stream;
      return stream(request, signal);
    },
    getAnalysis: ({ name }) => {
      const state = records.get(name);
      if (state === undefined) throw refusal(Code.NotFound, "ANALYSIS_NOT_FOUND");
      return create(AnalysisSchema, { name, state });
    },
  });
  const api = server.api();
  return { watcher: new Watcher(() => api), requests, records };
}

async function never(signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
}

const leave: (() => void)[] = [];

function follow(watcher: Watcher, name: string) {
  const listener = vi.fn();
  leave.push(watcher.follow(name, listener));
  return listener;
}

afterEach(() => leave.splice(0).forEach((stop) => stop()));

describe("watching", () => {
  it("follows several analyses in one stream", async () => {
    const { watcher, requests } = watched(async function* () {
      yield event("analyses/a", 1);
      yield event("analyses/b", 1, SUCCEEDED);
      yield event("analyses/a", 2, SUCCEEDED);
    });
    const heard = follow(watcher, "analyses/a");
    follow(watcher, "analyses/b");
    await vi.waitFor(() => expect(isOver(watcher.get("analyses/a"))).toBe(true));
    expect(isOver(watcher.get("analyses/b"))).toBe(true);
    expect(requests).toHaveLength(1);
    expect(heard).toHaveBeenCalled();
  });

  it("asks now and then where there is no room for one more stream", async () => {
    const { watcher, records, requests } = watched(async function* () {
      await Promise.resolve();
      throw refusal(Code.ResourceExhausted, "TOO_MANY_STREAMS");
      yield event("analyses/a", 1);
    });
    records.set("analyses/a", RUNNING);
    follow(watcher, "analyses/a");
    await vi.waitFor(() => expect(watcher.get("analyses/a").progress.state).toBe(RUNNING));
    await vi.waitFor(() => expect(requests.length).toBeGreaterThan(2));
    expect(watcher.get("analyses/a").reconnecting).toBe(false);
    records.set("analyses/a", SUCCEEDED);
    await vi.waitFor(() => expect(isOver(watcher.get("analyses/a"))).toBe(true));
  });

  it("goes on after the last event it saw when the stream breaks", async () => {
    const { watcher, requests } = watched(
      async function* () {
        yield event("analyses/a", 1);
        yield event("analyses/a", 2);
        throw broken();
      },
      async function* () {
        yield event("analyses/a", 3, SUCCEEDED);
      },
    );
    follow(watcher, "analyses/a");
    await vi.waitFor(() => expect(isOver(watcher.get("analyses/a"))).toBe(true));
    expect(requests.map(({ targets }) => targets[0]?.afterSequence)).toEqual([0n, 2n]);
    expect(watcher.get("analyses/a").reconnecting).toBe(false);
  });

  it("says that it is reconnecting", async () => {
    const { watcher } = watched(async function* (_, signal) {
      if (signal.aborted) yield event("analyses/a", 1);
      throw broken();
    });
    follow(watcher, "analyses/a");
    await vi.waitFor(() => expect(watcher.get("analyses/a").reconnecting).toBe(true));
  });

  it("finds out which one is gone, and goes on with the others", async () => {
    const { watcher, records } = watched(async function* ({ targets }) {
      if (targets.length > 1) throw refusal(Code.NotFound, "ANALYSIS_NOT_FOUND");
      yield event("analyses/here", 1, SUCCEEDED);
    });
    records.set("analyses/here", RUNNING);
    follow(watcher, "analyses/here");
    follow(watcher, "analyses/deleted");
    await vi.waitFor(() => expect(watcher.get("analyses/deleted").gone).toBe(true));
    await vi.waitFor(() => expect(watcher.get("analyses/here").progress.state).toBe(SUCCEEDED));
  });

  it("takes the end from the record when the stream ended without telling it", async () => {
    const { watcher, records } = watched(async function* () {
      return;
    });
    records.set("analyses/a", SUCCEEDED);
    follow(watcher, "analyses/a");
    await vi.waitFor(() => expect(watcher.get("analyses/a").progress.state).toBe(SUCCEEDED));
  });

  it("takes in another one without losing its place in the first", async () => {
    const { watcher, requests } = watched(
      async function* (_, signal) {
        yield event("analyses/a", 1);
        await never(signal);
      },
      async function* (_, signal) {
        yield event("analyses/b", 1);
        await never(signal);
      },
    );
    follow(watcher, "analyses/a");
    await vi.waitFor(() => expect(watcher.get("analyses/a").progress.sequence).toBe(1n));
    follow(watcher, "analyses/b");
    await vi.waitFor(() => expect(watcher.get("analyses/b").progress.sequence).toBe(1n));
    expect(requests[1]?.targets.map(({ name, afterSequence }) => [name, afterSequence])).toEqual([
      ["analyses/a", 1n],
      ["analyses/b", 0n],
    ]);
  });

  it("follows no more at once than the server takes, and the next as soon as one has ended", async () => {
    const names = Array.from({ length: 102 }, (_, index) => `analyses/${index}`);
    const { watcher, requests } = watched(
      async function* (_, signal) {
        yield event("analyses/3", 1, SUCCEEDED);
        await never(signal);
      },
      async function* (_, signal) {
        await never(signal);
      },
    );
    for (const name of names) follow(watcher, name);
    await vi.waitFor(() => expect(requests).toHaveLength(2));
    const asked = requests.map(({ targets }) => targets.map(({ name }) => name));
    expect(asked[0]).toEqual(names.slice(0, 100));
    expect(asked[1]).toEqual(names.slice(0, 101).filter((name) => name !== "analyses/3"));
  });

  it("follows the one that is open before others that came earlier", async () => {
    const names = Array.from({ length: 102 }, (_, index) => `analyses/${index}`);
    const { watcher, requests } = watched(async function* (_, signal) {
      await never(signal);
    });
    for (const name of names) follow(watcher, name);
    await vi.waitFor(() => expect(requests).toHaveLength(1));
    const close = watcher.follow("analyses/elsewhere", () => undefined, true);
    await vi.waitFor(() => expect(requests).toHaveLength(2));
    close();
    await vi.waitFor(() => expect(requests).toHaveLength(3));
    const asked = requests.map(({ targets }) => targets.map(({ name }) => name));
    expect(asked[1]).toEqual(["analyses/elsewhere", ...names.slice(0, 99)]);
    expect(asked[2]).toEqual(names.slice(0, 100));
  });

  it("is not disturbed by somebody who wants what is followed already", async () => {
    const { watcher, requests } = watched(async function* (_, signal) {
      yield event("analyses/a", 1);
      await never(signal);
    });
    follow(watcher, "analyses/a");
    await vi.waitFor(() => expect(watcher.get("analyses/a").progress.sequence).toBe(1n));
    watcher.follow("analyses/a", () => undefined)();
    await new Promise((done) => setTimeout(done, 0));
    expect(requests).toHaveLength(1);
  });

  it("asks for series while one is open, from its first event on, and keeps them of that one and so long", async () => {
    const { watcher, requests } = watched(async function* ({ targets }, signal) {
      for (const { name, afterSequence } of targets) {
        for (const sequence of [1, 2]) {
          if (sequence > afterSequence) yield Object.assign(event(name, sequence), { series: create(SeriesSchema) });
        }
      }
      await never(signal);
    });
    const isAt = (sequence: bigint) => {
      expect(watcher.get("analyses/a").progress.sequence).toBe(sequence);
      expect(watcher.get("analyses/b").progress.sequence).toBe(sequence);
    };
    const parts = () => ["a", "b"].map((name) => watcher.get(`analyses/${name}`).progress.parts.length);
    follow(watcher, "analyses/a");
    follow(watcher, "analyses/b");
    await vi.waitFor(() => isAt(2n));
    expect(parts()).toEqual([0, 0]);
    const close = watcher.follow("analyses/a", () => undefined, true);
    await vi.waitFor(() => expect(parts()).toEqual([2, 0]));
    isAt(2n);
    close();
    expect(parts()).toEqual([0, 0]);
    await vi.waitFor(() => expect(requests).toHaveLength(3));
    expect(requests.map(({ includeSeries }) => includeSeries)).toEqual([false, true, false]);
    expect(requests.map(({ targets }) => targets.map(({ afterSequence }) => afterSequence))).toEqual([
      [0n, 0n],
      [0n, 2n],
      [2n, 2n],
    ]);
  });

  it("hears nothing more of a stream that it has given up", async () => {
    const { watcher, requests } = watched(
      async function* (_, signal) {
        for (const sequence of [1, 2, 3, 4]) yield event("analyses/a", sequence);
        await never(signal);
      },
      async function* (_, signal) {
        await never(signal);
      },
    );
    let isOpened = false;
    const open = () => {
      if (isOpened || watcher.get("analyses/a").progress.sequence === 0n) return;
      isOpened = true;
      leave.push(watcher.follow("analyses/a", () => undefined, true));
    };
    leave.push(watcher.follow("analyses/a", open));
    await vi.waitFor(() => expect(requests).toHaveLength(2));
    expect(requests[1]?.targets[0]?.afterSequence).toBe(0n);
    // Else the first ones would not be taken when they come again.
    expect(watcher.get("analyses/a").progress.sequence).toBe(0n);
  });

  it("learns from another call that one has ended", async () => {
    const { watcher } = watched(async function* (_, signal) {
      await never(signal);
    });
    const heard = follow(watcher, "analyses/a");
    watcher.learn(create(AnalysisSchema, { name: "analyses/a", state: RUNNING }));
    expect(heard).not.toHaveBeenCalled();
    watcher.learn(create(AnalysisSchema, { name: "analyses/a", state: SUCCEEDED }));
    expect(isOver(watcher.get("analyses/a"))).toBe(true);
    expect(heard).toHaveBeenCalled();
  });

  it("ends its stream when nobody follows any more", async () => {
    const ended = vi.fn();
    const { watcher } = watched(async function* (_, signal) {
      yield event("analyses/a", 1);
      await never(signal);
      ended();
    });
    const stop = watcher.follow("analyses/a", () => undefined);
    await vi.waitFor(() => expect(watcher.get("analyses/a").progress.sequence).toBe(1n));
    stop();
    await vi.waitFor(() => expect(ended).toHaveBeenCalled());
  });
});
