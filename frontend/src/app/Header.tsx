"use client";

import Link from "next/link";
import { usePathname } from "next/navigation";

import { AccountLink } from "@/account/AccountLink";
import { Badge } from "@/upload/Badge";

import { ThemeToggle } from "./ThemeToggle";

const PAGES = [
  { href: "/", label: "Analyse" },
  { href: "/live/", label: "Live" },
  { href: "/batch/", label: "Batches" },
  { href: "/history/", label: "History" },
  // A phone has no room for it here; it is at the foot of each page too.
  { href: "/model/", label: "Model card", wide: true },
];

/** The same on every page: where one is, and where else one can go. */
export function Header() {
  const path = usePathname();
  return (
    <header className="no-print border-b border-line">
      <div className="mx-auto flex h-16 max-w-7xl items-center px-4 whitespace-nowrap sm:gap-2 sm:px-6">
        {/* Where there is no room for the name, it wraps out of sight, and the picture stands for it. */}
        <Link
          href="/"
          prefetch={false}
          className="mr-auto flex h-7 min-w-7 shrink-[999] flex-wrap items-center gap-x-2.5 overflow-hidden font-semibold tracking-tight"
        >
          {/* eslint-disable-next-line @next/next/no-img-element -- a drawing of a few lines needs no optimiser */}
          <img src="/favicon.svg" alt="" width={28} height={28} />
          <span className="text-lg">NotReally</span>
        </Link>
        {path !== "/" && <Badge />}
        <nav aria-label="Pages" className="flex min-w-0 items-center overflow-x-auto sm:gap-1">
          {PAGES.map(({ href, label, wide }) => {
            const here = path === href || `${path}/` === href;
            return (
              <Link
                key={href}
                href={href}
                // The first page stays light: the others are fetched when they are wanted.
                prefetch={false}
                aria-current={here ? "page" : undefined}
                className={`${wide ? "max-md:hidden" : ""} flex h-10 items-center rounded-lg px-1.5 text-sm sm:px-2.5 sm:text-[0.9375rem] font-medium ${here ? "bg-sunken" : "text-quiet hover:text-ink"}`}
              >
                {label}
              </Link>
            );
          })}
        </nav>
        <AccountLink />
        <ThemeToggle />
      </div>
    </header>
  );
}
