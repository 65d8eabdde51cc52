"use client";

import { ModelSchema } from "@gen/notreally/v1/classifier_pb";
import { MediaFactsSchema } from "@gen/notreally/v1/metadata_pb";
import { SeriesSchema } from "@gen/notreally/v1/series_pb";
import { useEffect } from "react";

/** Unpacks the descriptors that the contract's largest file builds on; they are unpacked where they are first imported. */
export function Messages() {
  useEffect(() => void [ModelSchema, MediaFactsSchema, SeriesSchema], []);
  return null;
}
