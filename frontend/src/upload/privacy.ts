/** What becomes of files, from what the server says of itself. */

import type { ServerInfo } from "@gen/notreally/v1/analysis_pb";

import { formatNumber } from "@/lib/format";

export type Keeping = Pick<ServerInfo, "login" | "retentionDays" | "mediaRetentionDays">;

/** How long things are kept, and who can see them: one sentence each. */
export function privacyInWords(server: Keeping, locale?: string): string[] {
  return [kept(server, locale), seen(server)];
}

function kept({ retentionDays, mediaRetentionDays }: Keeping, locale?: string): string {
  const results = days(retentionDays, locale);
  // A file does not outlive its analysis.
  const files = days(mediaRetentionDays > 0 ? mediaRetentionDays : retentionDays, locale);
  if (retentionDays > 0 && (mediaRetentionDays <= 0 || mediaRetentionDays >= retentionDays)) {
    return `Your file and its result stay on this server and are deleted after ${results}, or earlier if you delete them.`;
  }
  if (retentionDays > 0) {
    return `Your file stays on this server and is deleted after ${files}, its result after ${results}; you can delete both earlier.`;
  }
  if (mediaRetentionDays > 0) {
    return `Your file stays on this server and is deleted after ${files}; its result is kept until someone deletes it.`;
  }
  return "Your file and its result stay on this server until someone deletes them.";
}

function seen({ login }: Keeping): string {
  return login
    ? "Other users of this server can’t see them unless you share them; whoever runs it can."
    : "There is no login here: everyone who can open this page can see and delete them.";
}

function days(count: number, locale?: string): string {
  return count === 1 ? "a day" : `${formatNumber(count, 1, locale)} days`;
}
