import { create, toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { encodeEnvelope } from "@connectrpc/connect/protocol";
import { AnalysisSchema } from "@gen/notreally/v1/analysis_pb";
import { beforeEach, describe, expect, it, vi, type MockInstance } from "vitest";

import { api } from "./client";
import { earlyScript } from "./early";
import { failureOf } from "./errors";

const ID = "01234567-89ab-cdef-0123-456789abcdef";
const NAME = `analyses/${ID}`;
const AS_THE_PAGE_DOES = { name: NAME, omitThumbnails: true };

/** As the edge gives it: the message, then its trailers. */
function answer(filename: string): Response {
  const message = toBinary(AnalysisSchema, create(AnalysisSchema, { name: NAME, filename }));
  const trailers = new TextEncoder().encode("grpc-status: 0\r\n");
  const body = new Blob([encodeEnvelope(0, message), encodeEnvelope(0x80, trailers)].map((each) => each.slice().buffer));
  return new Response(body, { headers: { "content-type": "application/grpc-web+proto" } });
}

function openPage(search: string): void {
  window.history.replaceState({}, "", `/analysis/${search}`);
  new Function(earlyScript())();
}

let fetched: MockInstance<typeof fetch>;

beforeEach(() => {
  delete window.notreallyEarly;
  fetched = vi.spyOn(globalThis, "fetch").mockImplementation(() => Promise.resolve(answer("asked.mp4")));
});

describe("the page of an analysis", () => {
  it("asks for it as its code would, which then does not ask again", async () => {
    fetched.mockResolvedValueOnce(answer("early.mp4"));
    openPage(`?id=${ID}`);
    expect((await api().getAnalysis(AS_THE_PAGE_DOES)).filename).toBe("early.mp4");
    expect(fetched).toHaveBeenCalledTimes(1);
    expect((await api().getAnalysis(AS_THE_PAGE_DOES)).filename).toBe("asked.mp4");
    expect(fetched).toHaveBeenCalledTimes(2);
    const [early, later] = fetched.mock.calls;
    expect(early?.[0]).toBe(later?.[0]);
    expect(new TextEncoder().encode(early?.[1]?.body as string)).toEqual(later?.[1]?.body);
  });

  it.each([{ ...AS_THE_PAGE_DOES, name: "analyses/another" }, { name: NAME }])(
    "keeps its answer from whoever asks something else: %o",
    async (request) => {
      openPage(`?id=${ID}`);
      await api().getAnalysis(request);
      expect(fetched).toHaveBeenCalledTimes(2);
      expect(window.notreallyEarly).toBeDefined();
    },
  );

  it.each(["", "?id=", "?id=../../x", `?id=${ID}0`, `?id=${ID.toUpperCase()}`])("with %o asks nothing", (search) => {
    openPage(search);
    expect(fetched).not.toHaveBeenCalled();
  });

  it("whose question was lost gives the loss to whoever asks first, and no other", async () => {
    fetched.mockRejectedValueOnce(new TypeError("Failed to fetch"));
    openPage(`?id=${ID}`);
    const error: unknown = await api().getAnalysis(AS_THE_PAGE_DOES).catch((lost: unknown) => lost);
    expect(failureOf(error)).toMatchObject({ code: Code.Unknown, transient: true });
    expect((await api().getAnalysis(AS_THE_PAGE_DOES)).filename).toBe("asked.mp4");
  });
});
