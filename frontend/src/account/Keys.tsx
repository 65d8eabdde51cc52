"use client";

import { Scope, type Key } from "@gen/notreally/v1/access_pb";
import { timestampDate, type Timestamp } from "@bufbuild/protobuf/wkt";
import { useCallback, useEffect, useState, type FormEvent } from "react";

import { failureOf } from "@/lib/api/errors";
import { formatDateTime } from "@/lib/format";

import { access, scopeText } from "./access";
import { FIELD } from "./styles";

/** One's keys and shared links: made, shown once, revoked. */
export function Keys() {
  const [keys, setKeys] = useState<readonly Key[]>([]);
  const [secret, setSecret] = useState<string>();
  const [problem, setProblem] = useState<string>();
  const load = useCallback(
    () =>
      access()
        .listKeys({})
        .then(({ keys: found }) => setKeys(found.filter(({ revokeTime }) => revokeTime === undefined)))
        .catch((error: unknown) => setProblem(failureOf(error).message)),
    [],
  );
  useEffect(() => void load(), [load]);
  const attempt = async (work: () => Promise<void>) => {
    setProblem(undefined);
    try {
      await work();
      await load();
    } catch (error) {
      setProblem(failureOf(error).message);
    }
  };
  const make = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const given = new FormData(form);
    return attempt(async () => {
      const made = await access().createKey({
        displayName: String(given.get("name")),
        scopes: [given.get("scope") === "read" ? Scope.READ : Scope.ANALYSE],
        validDays: Number(given.get("days")),
      });
      setSecret(made.secret);
      form.reset();
    });
  };
  return (
    <section className="panel mt-6 p-6" aria-labelledby="keys">
      <h2 id="keys" className="text-xl font-semibold tracking-tight">
        Keys and shared links
      </h2>
      <ul className="mt-4 divide-y divide-line">
        {keys.map((key) => (
          <li key={key.name} className="flex items-center gap-x-4 py-3">
            <span className="mr-auto min-w-0">
              <span className="font-medium">{title(key)}</span>
              <span className="block text-sm text-quiet">{details(key)}</span>
            </span>
            <button
              type="button"
              className="button"
              aria-label={`Revoke ${title(key)}`}
              onClick={() => void attempt(async () => void (await access().revokeKey({ name: key.name })))}
            >
              Revoke
            </button>
          </li>
        ))}
      </ul>
      {secret !== undefined && (
        <p role="status" className="mt-4 rounded-lg bg-accent-soft px-4 py-3">
          Copy the new key now, it is not shown again: <code className="break-all select-all">{secret}</code>
        </p>
      )}
      {problem !== undefined && (
        <p role="alert" className="mt-4">
          {problem}
        </p>
      )}
      <form className="mt-5 flex flex-wrap items-end gap-3" onSubmit={(event) => void make(event)}>
        <label className="grow text-sm text-quiet">
          Name of a new key
          <input name="name" maxLength={100} className={`${FIELD} mt-1 block w-full text-base text-ink`} />
        </label>
        <label className="text-sm text-quiet">
          It may
          <select name="scope" className={`${FIELD} mt-1 block text-base text-ink`}>
            <option value="analyse">analyse</option>
            <option value="read">read</option>
          </select>
        </label>
        <label className="text-sm text-quiet">
          For
          <select name="days" defaultValue="90" className={`${FIELD} mt-1 block text-base text-ink`}>
            <option value="30">30 days</option>
            <option value="90">90 days</option>
            <option value="365">a year</option>
            <option value="0">ever</option>
          </select>
        </label>
        <button type="submit" className="button button-primary">
          Make a key
        </button>
      </form>
    </section>
  );
}

function title({ analysis, displayName, name }: Key): string {
  if (analysis !== "") return "Shared link";
  return displayName !== "" ? displayName : `Key ${name.slice("keys/".length, "keys/".length + 6)}`;
}

function details({ analysis, scopes, createTime, expireTime, useTime }: Key): string {
  const parts = [
    analysis !== "" ? `opens ${analysis.slice("analyses/".length, "analyses/".length + 8)}` : `may ${scopeText(scopes)}`,
    createTime ? `made ${day(createTime)}` : "",
    expireTime ? `expires ${day(expireTime)}` : "does not expire",
    useTime ? `last used ${day(useTime)}` : "not used yet",
  ];
  return parts.filter((part) => part !== "").join(" · ");
}

function day(time: Timestamp): string {
  return formatDateTime(timestampDate(time));
}
