import { createClient, type Client } from "@connectrpc/connect";
import { AccessService, Scope } from "@gen/notreally/v1/access_pb";

import { transport } from "@/lib/api/client";

let shared: Client<typeof AccessService> | undefined;

/** Keys, sessions and quotas of a server with a login. */
export function access(): Client<typeof AccessService> {
  shared ??= createClient(AccessService, transport());
  return shared;
}

const SCOPES: ReadonlyMap<Scope, string> = new Map([
  [Scope.READ, "read"],
  [Scope.ANALYSE, "analyse"],
  [Scope.ADMIN, "administer"],
]);

/** What a key may, in words. */
export function scopeText(scopes: readonly Scope[]): string {
  return scopes.map((scope) => SCOPES.get(scope) ?? "").join(", ");
}
