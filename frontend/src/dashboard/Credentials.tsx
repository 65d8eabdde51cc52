import { BadgeCheck, ShieldAlert, ShieldQuestion } from "lucide-react";
import { type ContentCredentials, CredentialsState } from "@gen/notreally/v1/metadata_pb";

const SOUND = new Set([CredentialsState.TRUSTED]);
const BROKEN = new Set([CredentialsState.CHANGED, CredentialsState.INVALID]);

/** What the file's signed Content Credentials say, beside the verdict and no part of it. */
export function Credentials({ credentials }: { credentials: ContentCredentials | undefined }) {
  if (!credentials) return null;
  const Icon = SOUND.has(credentials.state) ? BadgeCheck : BROKEN.has(credentials.state) ? ShieldAlert : ShieldQuestion;
  return (
    <section aria-labelledby="credentials" className="panel flex gap-3 p-4 sm:p-5">
      <Icon className="mt-0.5 size-5 shrink-0 text-quiet" aria-hidden="true" />
      <div>
        <h2 id="credentials" className="font-semibold">
          Content Credentials
        </h2>
        <p className="mt-1">{credentials.text}</p>
        <p className="mt-1 text-sm text-quiet">
          This is what the file says of itself. It has no part in the verdict, and most files hold none.
        </p>
      </div>
    </section>
  );
}
