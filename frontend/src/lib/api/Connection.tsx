"use client";

import { useEffect } from "react";

import { api } from "./client";

/**
 * Makes the client, for what comes after it on the page.
 *
 * The contract's descriptors are unpacked where they are first imported, which takes as long as all else that a page
 * does before it can be used. Here that is a step of hydration of its own, so that no task is long.
 */
export function Connection() {
  useEffect(() => void api(), []);
  return null;
}
