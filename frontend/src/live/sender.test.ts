import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema } from "@gen/google/rpc/error_details_pb";
import { LiveSessionSchema, type SendSegmentRequest } from "@gen/notreally/v1/live_pb";
import { expect, test, vi } from "vitest";

import type { LiveApi } from "@/lib/api/live";

import { Sender } from "./sender";

type Answer = (request: SendSegmentRequest) => Promise<number>;

function sending(answer: Answer) {
  const sendSegment = async (request: SendSegmentRequest) =>
    create(LiveSessionSchema, { acknowledgedSequence: await answer(request) });
  const onTrouble = vi.fn();
  const onDropped = vi.fn();
  const signal = new AbortController().signal;
  const api = { sendSegment } as unknown as LiveApi;
  return { sender: new Sender(api, { name: "live/1", acknowledged: 0, signal, onTrouble, onDropped }), onTrouble, onDropped };
}

const piece = (text: string) => new Blob([text]);

test("segments are numbered as they are sent", async () => {
  const sent: [number, number][] = [];
  const { sender } = sending((request) => {
    sent.push([request.sequence, request.startS]);
    return Promise.resolve(request.sequence);
  });
  sender.add(piece("a"), 0);
  sender.add(piece("b"), 4);
  await sender.drained();
  expect(sent).toEqual([
    [1, 0],
    [2, 4],
  ]);
});

test("where the server has more or less than was thought, it says so", async () => {
  const tried: number[] = [];
  const { sender, onTrouble } = sending((request) => {
    tried.push(request.sequence);
    if (request.sequence === 6) return Promise.resolve(6);
    throw new ConnectError("no", Code.OutOfRange, undefined, [
      { desc: ErrorInfoSchema, value: { reason: "WRONG_SEQUENCE", domain: "notreally", metadata: { acknowledged_sequence: "5" } } },
    ]);
  });
  sender.add(piece("a"), 0);
  await sender.drained();
  expect(tried).toEqual([1, 6]);
  expect(onTrouble).not.toHaveBeenCalled();
});

test("what cannot be sent waits, and what is oldest is left out", async () => {
  vi.useFakeTimers();
  try {
    let online = false;
    const starts: number[] = [];
    const { sender, onTrouble, onDropped } = sending((request) => {
      if (!online) throw new ConnectError("away", Code.Unavailable);
      starts.push(request.startS);
      return Promise.resolve(request.sequence);
    });
    for (let number = 0; number < 10; number++) sender.add(piece("a"), 4 * number);
    await vi.advanceTimersByTimeAsync(2000);
    expect(onTrouble).toHaveBeenCalled();
    expect(onDropped).toHaveBeenCalledTimes(2);
    online = true;
    await vi.advanceTimersByTimeAsync(20_000);
    await sender.drained();
    expect(starts).toEqual([0, 12, 16, 20, 24, 28, 32, 36]);
    expect(onTrouble).toHaveBeenLastCalledWith(undefined);
  } finally {
    vi.useRealTimers();
  }
});
