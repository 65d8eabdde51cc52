"use client";

import { useRouter } from "next/navigation";
import { useEffect, useSyncExternalStore } from "react";

import { liveApi } from "@/lib/api/live";
import { queue } from "@/lib/session";

import { Consent } from "./Consent";
import { Running } from "./Running";
import { LiveSession } from "./session";
import { WORDS } from "./words";

const session = new LiveSession(liveApi);

/** A camera or a call, judged while it runs. */
export function LivePage() {
  const view = useSyncExternalStore(session.subscribe, session.get, session.get);
  const router = useRouter();
  useEffect(() => {
    session.keepWith((file) => {
      void queue.add([file]);
      router.push("/");
    });
    void session.resume();
    // Whoever goes to another page is not to be recorded there.
    return () => session.leave();
  }, [router]);
  const isOpen = view.phase === "idle" || view.phase === "starting";
  return (
    <div className={isOpen ? "mx-auto max-w-3xl" : ""}>
      <h1 className={`font-semibold tracking-tight ${isOpen ? "text-3xl sm:text-4xl" : "sr-only"}`}>{WORDS.title}</h1>
      {isOpen ? <Consent session={session} view={view} /> : <Running session={session} view={view} />}
    </div>
  );
}
