import type { Metadata } from "next";
import Link from "next/link";

export const metadata: Metadata = { title: "Page not found" };

export default function NotFoundPage() {
  return (
    <div className="mx-auto max-w-2xl py-12">
      <h1 className="text-3xl font-semibold tracking-tight">Page not found</h1>
      <p className="mt-3 text-lg text-quiet">There is no page at this address.</p>
      <p className="mt-6">
        <Link href="/" className="button button-primary">
          To the start page
        </Link>
      </p>
    </div>
  );
}
