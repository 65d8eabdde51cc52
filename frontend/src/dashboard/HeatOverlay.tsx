"use client";

import { useEffect, useRef, useSyncExternalStore } from "react";
import type { HeatMap } from "@gen/notreally/v1/media_pb";

import { currentTheme, watchTheme } from "@/app/theme";
import { colourNamed } from "@/charts/Canvas";

import { heatOpacities } from "./heat";

/** Pixels along a side: enough for the soft edges between squares. */
const SIZE = 160;

/** Colours over a square picture: red where it pushes towards fake, blue towards real, both for nothing but that. */
export function HeatOverlay({ heat, scale }: { heat: HeatMap; scale: number }) {
  const theme = useSyncExternalStore(watchTheme, currentTheme, () => "light");
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    const small = document.createElement("canvas");
    small.width = small.height = heat.side;
    const squares = small.getContext("2d");
    if (!context || !squares) return;
    const [fake, real] = [colourNamed(context, "--fake"), colourNamed(context, "--real")];
    const image = new ImageData(heat.side, heat.side);
    heatOpacities(heat, scale).forEach((opacity, index) => {
      image.data.set([...(opacity > 0 ? fake : real), Math.round(255 * Math.abs(opacity))], 4 * index);
    });
    squares.putImageData(image, 0, 0);
    context.clearRect(0, 0, SIZE, SIZE);
    context.imageSmoothingQuality = "high";
    context.drawImage(small, 0, 0, SIZE, SIZE);
    // The theme changes what the colours are.
  }, [heat, scale, theme]);
  return (
    <canvas
      ref={canvas}
      data-heat=""
      width={SIZE}
      height={SIZE}
      aria-hidden="true"
      className="pointer-events-none absolute inset-0 size-full"
    />
  );
}
