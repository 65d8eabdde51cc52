"use client";

import { useEffect } from "react";

import { api } from "@/lib/api/client";

/** Unpacks the rest of the contract's descriptors, and makes the client. */
export function Connection() {
  useEffect(() => void api(), []);
  return null;
}
