"use client";

import { useCallback } from "react";

interface JpegProps {
  jpeg: Uint8Array;
  alt: string;
  className?: string;
}

/** A picture from bytes. */
export function Jpeg({ jpeg, alt, className }: JpegProps) {
  const show = useCallback(
    (image: HTMLImageElement) => {
      const url = URL.createObjectURL(new Blob([new Uint8Array(jpeg)], { type: "image/jpeg" }));
      image.src = url;
      return () => URL.revokeObjectURL(url);
    },
    [jpeg],
  );
  // The picture is in memory: there is nothing for Next to optimise.
  // eslint-disable-next-line @next/next/no-img-element
  return <img ref={show} alt={alt} className={className} />;
}
