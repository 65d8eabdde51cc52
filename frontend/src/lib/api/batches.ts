/** The service for many files at once; fetched by the pages that need it, not by the first one. */

import { createClient, type Client } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { BatchService } from "@gen/notreally/v1/batch_pb";

import { apiAddress } from "./client";

export type Batches = Client<typeof BatchService>;

let shared: Batches | undefined;

/** The client; the same for all callers. */
export function batches(): Batches {
  shared ??= createClient(BatchService, createGrpcWebTransport({ baseUrl: apiAddress(), defaultTimeoutMs: 60_000 }));
  return shared;
}
