/** The client for live sessions: apart, for the pages that need none. */

import { createClient, type Client } from "@connectrpc/connect";
import { LiveService } from "@gen/notreally/v1/live_pb";

import { transport } from "./client";

export type LiveApi = Client<typeof LiveService>;

let shared: LiveApi | undefined;

/** The client; the same for all callers. */
export function liveApi(): LiveApi {
  shared ??= createClient(LiveService, transport());
  return shared;
}
