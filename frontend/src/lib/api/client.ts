/** The one way to the server: grpc-web on the address that the page came from, or on the one it was built for. */

import { createClient, type Client, type Transport } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { AnalysisService } from "@gen/notreally/v1/analysis_pb";

import { fetchOrEarly } from "./early";

export type Api = Client<typeof AnalysisService>;

/** Where the server is, without a slash at its end. */
export function apiAddress(): string {
  return process.env.NEXT_PUBLIC_API_BASE_URL || window.location.origin;
}

let shared: Api | undefined;

/** The client; the same for all callers. */
export function api(): Api {
  shared ??= createClient(AnalysisService, transport());
  return shared;
}

/** The way itself, for a client of another service. */
export function transport(): Transport {
  return createGrpcWebTransport({
    baseUrl: apiAddress(),
    // A connection that died without a word must not look like a slow server. Streams say 0: no limit.
    defaultTimeoutMs: 60_000,
    fetch: fetchOrEarly,
  });
}
