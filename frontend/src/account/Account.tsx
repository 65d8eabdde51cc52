"use client";

import type { Caller } from "@gen/notreally/v1/access_pb";
import Link from "next/link";
import { useState } from "react";

import { rememberOwner } from "@/lib/account";
import { failureOf } from "@/lib/api/errors";
import { formatBytes } from "@/lib/format";

import { access, scopeText } from "./access";
import { Keys } from "./Keys";

/** Who is signed in, what they have used, and their keys. */
export function Account({ caller }: { caller: Caller }) {
  const [problem, setProblem] = useState<string>();
  const signOut = async () => {
    try {
      await access().deleteSession({});
      rememberOwner(undefined);
      window.location.replace("/account/");
    } catch (error) {
      setProblem(failureOf(error).message);
    }
  };
  return (
    <div className="mx-auto max-w-3xl">
      <div className="flex flex-wrap items-center gap-3">
        <div className="mr-auto">
          <h1 className="text-3xl font-semibold tracking-tight break-all">{caller.owner}</h1>
          <p className="mt-1 text-quiet">May {scopeText(caller.scopes)}.</p>
        </div>
        <Link href="/history/" prefetch={false} className="button">
          My analyses
        </Link>
        <button type="button" className="button" onClick={() => void signOut()}>
          Sign out
        </button>
      </div>
      {problem !== undefined && (
        <p role="alert" className="mt-3">
          {problem}
        </p>
      )}
      <Quota caller={caller} />
      <Keys />
    </div>
  );
}

function Quota({ caller: { usage } }: { caller: Caller }) {
  if (!usage) return null;
  const { videosToday, videosADay, keptBytes, maxKeptBytes, waiting } = usage;
  return (
    <section className="panel mt-6 p-6" aria-labelledby="quota">
      <h2 id="quota" className="text-xl font-semibold tracking-tight">
        Used
      </h2>
      <dl className="mt-4 grid gap-4 sm:grid-cols-3">
        <Used term="Files today (UTC)" used={String(videosToday)} most={videosADay > 0 ? String(videosADay) : ""} />
        <Used
          term="Kept on the server"
          used={formatBytes(keptBytes)}
          most={maxKeptBytes > 0n ? formatBytes(maxKeptBytes) : ""}
        />
        <Used term="Waiting in line" used={String(waiting)} most="" />
      </dl>
    </section>
  );
}

function Used({ term, used, most }: { term: string; used: string; most: string }) {
  return (
    <div>
      <dt className="text-sm text-quiet">{term}</dt>
      <dd className="mt-1 text-lg font-medium tabular-nums">
        {used}
        {most !== "" && <span className="text-quiet"> of {most}</span>}
      </dd>
    </div>
  );
}
