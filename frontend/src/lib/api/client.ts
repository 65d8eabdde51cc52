/** The one way to the server: grpc-web on the address that the page came from, or on the one it was built for. */

import { createClient, type Client, type Interceptor, type Transport } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { AnalysisService, type ServerInfo } from "@gen/notreally/v1/analysis_pb";

import { askToSignIn, noteServer, sharedKey } from "../account";
import { fetchOrEarly } from "./early";
import { failureOf } from "./errors";

export type Api = Client<typeof AnalysisService>;

/** Where the server is, without a slash at its end. */
export function apiAddress(): string {
  return process.env.NEXT_PUBLIC_API_BASE_URL || window.location.origin;
}

/** Shows the key of a shared link; leads whom the server does not know to where they sign in. */
const account: Interceptor = (next) => async (request) => {
  const key = sharedKey();
  if (key !== undefined) request.header.set("authorization", `Bearer ${key}`);
  try {
    const response = await next(request);
    if (!response.stream && response.method === AnalysisService.method.getServerInfo) {
      noteServer(response.message as ServerInfo);
    }
    return response;
  } catch (error) {
    if (key === undefined && failureOf(error).reason === "LOGIN_REQUIRED") askToSignIn();
    throw error;
  }
};

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
    interceptors: [account],
  });
}
