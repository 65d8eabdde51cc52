"use client";

import { useState, type FormEvent } from "react";

import { rememberOwner, wayBack } from "@/lib/account";
import { failureOf } from "@/lib/api/errors";

import { access } from "./access";
import { FIELD } from "./styles";

/** Takes a key, once: from then on a cookie stands for it. */
export function SignIn() {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget).get("key");
    const key = typeof given === "string" ? given.trim() : "";
    setBusy(true);
    setProblem(undefined);
    try {
      const caller = await access().createSession({}, { headers: { authorization: `Bearer ${key}` } });
      rememberOwner(caller.owner);
      window.location.replace(wayBack(window.location.search));
    } catch (error) {
      setProblem(failureOf(error).message);
      setBusy(false);
    }
  };
  return (
    <div className="mx-auto max-w-md">
      <h1 className="text-3xl font-semibold tracking-tight">Sign in</h1>
      <p className="mt-3 text-quiet">
        Use an API key. Whoever runs this server can make one for you; you see your own analyses and nobody else does.
      </p>
      <form className="panel mt-6 p-6" onSubmit={(event) => void submit(event)}>
        <label className="block font-medium" htmlFor="key">
          API key
        </label>
        <input
          id="key"
          name="key"
          type="password"
          required
          autoFocus
          autoComplete="current-password"
          placeholder="nr_…"
          spellCheck={false}
          aria-describedby={problem === undefined ? undefined : "key-problem"}
          className={`${FIELD} mt-2 w-full`}
        />
        {problem !== undefined && (
          <p id="key-problem" role="alert" className="mt-3">
            {problem}
          </p>
        )}
        <button type="submit" className="button button-primary mt-5 w-full" disabled={busy}>
          {busy ? "Signing in" : "Sign in"}
        </button>
      </form>
      <p className="mt-4 text-sm text-quiet">You stay signed in for twelve hours, on this browser alone.</p>
    </div>
  );
}
