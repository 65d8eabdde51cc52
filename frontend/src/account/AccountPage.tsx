"use client";

import type { Caller } from "@gen/notreally/v1/access_pb";
import { useEffect, useState } from "react";

import { Loading } from "@/analysis/Notice";
import { rememberOwner } from "@/lib/account";
import { failureOf } from "@/lib/api/errors";

import { access } from "./access";
import { Account } from "./Account";
import { SignIn } from "./SignIn";

/** `/account/`: where one signs in and out, and sees one's keys and what one has used. */
export function AccountPage() {
  const [caller, setCaller] = useState<Caller>();
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    access()
      .getCaller({})
      .then((found) => {
        rememberOwner(found.owner || undefined);
        setCaller(found);
      })
      .catch((error: unknown) => setProblem(failureOf(error).message));
  }, []);
  if (problem !== undefined) return <p role="alert">{problem}</p>;
  if (!caller) return <Loading />;
  if (!caller.login) {
    return (
      <div className="mx-auto max-w-xl">
        <h1 className="text-3xl font-semibold tracking-tight">Account</h1>
        <p className="mt-3 text-quiet">This server has no login: everybody who reaches it sees the same analyses.</p>
      </div>
    );
  }
  return caller.owner === "" ? <SignIn /> : <Account caller={caller} />;
}
