"use client";

import { formatNumber } from "@/lib/format";

/** Formats a number: the first costs some browsers as much as all else on a page, those after it nothing. */
export function Numbers() {
  formatNumber(0);
  return null;
}
