"use client";

import { CircleUserRound } from "lucide-react";
import Link from "next/link";
import { useSyncExternalStore } from "react";

import { currentOwner, watchOwner } from "@/lib/account";

/** Leads to the account of whoever is signed in; nothing where nobody is. */
export function AccountLink() {
  const owner = useSyncExternalStore(watchOwner, currentOwner, () => undefined);
  if (owner === undefined) return null;
  return (
    <Link
      href="/account/"
      prefetch={false}
      className="button button-plain w-10 p-0"
      aria-label={`Account of ${owner}`}
      title={`Account of ${owner}`}
    >
      <CircleUserRound aria-hidden size={20} />
    </Link>
  );
}
