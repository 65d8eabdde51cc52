import { create, toBinary } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema } from "@gen/google/rpc/error_details_pb";
import { StatusSchema } from "@gen/google/rpc/status_pb";
import { describe, expect, it } from "vitest";

import { failureOf, failureOfStatus, whileTryingAgain } from "./errors";

const info = create(ErrorInfoSchema, { domain: "notreally", reason: "TOO_LARGE", metadata: { max_upload_bytes: "9" } });

describe("a failed call", () => {
  it("that the server refused gives its reason, its sentence and its facts", () => {
    const error = new ConnectError("The video is too large.", Code.InvalidArgument);
    // As the transport decodes it from grpc-status-details-bin.
    error.details = [{ type: ErrorInfoSchema.typeName, value: toBinary(ErrorInfoSchema, info) }];
    expect(failureOf(error)).toEqual({
      code: Code.InvalidArgument,
      reason: "TOO_LARGE",
      message: "The video is too large.",
      transient: false,
      metadata: { max_upload_bytes: "9" },
    });
  });

  it.each([Code.Unavailable, Code.DeadlineExceeded, Code.Unknown, Code.Internal, Code.ResourceExhausted])(
    "without a reason (%s) may succeed when it is made again",
    (code) => expect(failureOf(new ConnectError("upstream connect error", code)).transient).toBe(true),
  );

  it("never shows what browsers and proxies write", () => {
    const failure = failureOf(new TypeError("Failed to fetch"));
    expect(failure.transient).toBe(true);
    expect(failure.message).toBe("The server does not answer. Check your connection, and try again in a moment.");
  });

  it("is said to go on by itself only while it is made again, and never in place of what the server says", () => {
    const unreached = failureOf(new TypeError("Failed to fetch"));
    expect(whileTryingAgain(unreached)).toBe(
      "The server does not answer. Check your connection; the page will continue by itself.",
    );
    expect(whileTryingAgain({ ...unreached, reason: "QUEUE_FULL", message: "Full." })).toBe("Full.");
  });

  it.each([Code.Unimplemented, Code.NotFound, Code.PermissionDenied])("without a reason (%s) has a sentence", (code) => {
    const failure = failureOf(new ConnectError("nginx", code));
    expect(failure.transient).toBe(false);
    expect(failure.message).not.toContain("nginx");
  });
});

describe("a failed analysis", () => {
  it("says why", () => {
    const status = create(StatusSchema, { code: Code.InvalidArgument, message: "No picture.", details: [anyPack(ErrorInfoSchema, info)] });
    expect(failureOfStatus(status)).toMatchObject({ reason: "TOO_LARGE", message: "No picture." });
  });
});
