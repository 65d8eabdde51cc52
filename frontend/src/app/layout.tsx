import "./globals.css";

import type { Metadata, Viewport } from "next";
import Link from "next/link";
import type { ReactNode } from "react";

import { Header } from "./Header";
import { Offline } from "./Offline";
import { THEME_SCRIPT } from "./theme";

export const metadata: Metadata = {
  title: { default: "NotReally", template: "%s · NotReally" },
  description: "Tells whether the face in a video and the voice are likely real or likely fake, how sure it is, and why.",
  icons: { icon: "/favicon.svg" },
};

export const viewport: Viewport = {
  width: "device-width",
  initialScale: 1,
  themeColor: [
    { media: "(prefers-color-scheme: light)", color: "#fbfaf8" },
    { media: "(prefers-color-scheme: dark)", color: "#13171a" },
  ],
};

export default function RootLayout({ children }: { children: ReactNode }) {
  return (
    // The theme script changes an attribute of this element before React sees it.
    <html lang="en" suppressHydrationWarning>
      <head>
        <script dangerouslySetInnerHTML={{ __html: THEME_SCRIPT }} />
      </head>
      <body className="flex flex-col bg-paper font-sans text-ink antialiased">
        <a
          href="#main"
          className="button button-primary sr-only focus:not-sr-only focus:absolute focus:top-3 focus:left-3 focus:z-50"
        >
          Skip to the content
        </a>
        <Header />
        <Offline />
        <main id="main" tabIndex={-1} className="mx-auto w-full max-w-7xl flex-1 px-4 py-8 outline-none sm:px-6 sm:py-10">
          <noscript>
            <p className="mb-8 rounded-lg bg-accent-soft px-4 py-3">
              This page needs JavaScript. Without it, send files with curl, as shown below, or with the command line.
            </p>
          </noscript>
          {children}
        </main>
        <footer className="no-print border-t border-line">
          <p className="mx-auto max-w-7xl px-4 py-5 text-sm text-quiet sm:px-6">
            A verdict is an estimate, not proof. What you send stays on this server. How often verdicts are wrong is in the{" "}
            <Link href="/model/" prefetch={false} className="link">
              model card
            </Link>
            .
          </p>
        </footer>
      </body>
    </html>
  );
}
