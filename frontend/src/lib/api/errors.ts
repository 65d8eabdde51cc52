/** What a failed call means: a stable reason for the program, a sentence for the person. */

import { fromBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema } from "@gen/google/rpc/error_details_pb";
import type { Status } from "@gen/google/rpc/status_pb";

const DOMAIN = "notreally";
const ERROR_INFO = "google.rpc.ErrorInfo";

/** No answer came, or one that says "again", as a full house does: the same call may succeed in a moment. */
const TRANSIENT: ReadonlySet<Code> = new Set([
  Code.Unavailable,
  Code.DeadlineExceeded,
  Code.Aborted,
  Code.DataLoss,
  Code.ResourceExhausted,
]);

/** From the transport or the edge these mean a broken stream; with a reason they are an answer. */
const TRANSIENT_WITHOUT_REASON: ReadonlySet<Code> = new Set([Code.Canceled, Code.Internal, Code.Unknown]);

export interface Failure {
  code: Code;
  /** Such as NOT_A_VIDEO; empty when the server gave none (it was not reached, for one). */
  reason: string;
  /** A sentence a person can act on. */
  message: string;
  /** Whether the same call may succeed when it is made again in a moment. */
  transient: boolean;
  metadata: Record<string, string>;
}

/** What a call threw, understood. */
export function failureOf(error: unknown): Failure {
  const failure = ConnectError.from(error);
  const info = failure.findDetails(ErrorInfoSchema).find((detail) => detail.domain === DOMAIN);
  return understood(failure.code, failure.rawMessage, info?.reason ?? "", info?.metadata ?? {});
}

/** Why an analysis failed. */
export function failureOfStatus(status: Status): Failure {
  for (const detail of status.details) {
    if (!detail.typeUrl.endsWith(`/${ERROR_INFO}`)) continue;
    const info = fromBinary(ErrorInfoSchema, detail.value);
    return understood(status.code, status.message, info.reason, info.metadata);
  }
  return understood(status.code, status.message, "", {});
}

/** What to say of a failed call that is being made again without anybody's doing. */
export function whileTryingAgain({ reason, message }: Failure): string {
  return reason !== "" ? message : "The server does not answer. Check your connection; the page will continue by itself.";
}

function understood(code: Code, said: string, reason: string, metadata: Record<string, string>): Failure {
  // A quota that is used up stays so until tomorrow, or until something is deleted.
  if (reason.endsWith("_QUOTA")) return { code, reason, message: said, transient: false, metadata };
  const transient = TRANSIENT.has(code) || (reason === "" && TRANSIENT_WITHOUT_REASON.has(code));
  // The server's own sentences are made for people. What browsers and proxies say is not.
  const message = reason !== "" ? said : sentence(code, transient);
  return { code, reason, message, transient, metadata };
}

function sentence(code: Code, transient: boolean): string {
  if (code === Code.Unimplemented) {
    return "The server does not understand this page. Reload it: it may be older than the server.";
  }
  if (code === Code.NotFound) return "There is nothing under this name on the server.";
  if (transient) return "The server does not answer. Check your connection, and try again in a moment.";
  return "Something went wrong on the server. Try again; if it keeps happening, tell whoever runs it.";
}
