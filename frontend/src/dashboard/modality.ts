import { Modality } from "@gen/notreally/v1/features_pb";

/** Each modality has one colour on the whole page. */
export const MODALITY_DOT: Readonly<Record<Modality, string>> = {
  [Modality.UNSPECIFIED]: "bg-neutral",
  [Modality.FACE]: "bg-face",
  [Modality.AUDIO]: "bg-audio",
  [Modality.FACE_AND_AUDIO]: "bg-fused",
  [Modality.METADATA]: "bg-metadata",
};
