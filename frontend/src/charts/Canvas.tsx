"use client";

/** A canvas as wide as its place and as sharp as the screen, drawn anew when its size or the theme changes. */

import { useEffect, useRef, useSyncExternalStore } from "react";

import { currentTheme, watchTheme } from "@/app/theme";

import { LEFT, RIGHT } from "./geometry";

export interface Surface {
  context: CanvasRenderingContext2D;
  height: number;
  /** Pixels from the left edge. */
  x: (t: number) => number;
  /** Red, green and blue of a colour of the theme, such as "--audio". */
  colour: (name: string) => Rgb;
}

export type Rgb = readonly [number, number, number];

interface CanvasProps {
  duration: number;
  height: number;
  /** Has to be the same function for as long as the same is drawn. */
  draw: (surface: Surface) => void;
}

export function Canvas({ duration, height, draw }: CanvasProps) {
  const ref = useRef<HTMLCanvasElement>(null);
  const theme = useSyncExternalStore(watchTheme, currentTheme, () => "light");
  useEffect(() => {
    const canvas = ref.current;
    if (!canvas) return;
    const paint = () => {
      const context = canvas.getContext("2d");
      const { width } = canvas.getBoundingClientRect();
      if (!context || width === 0) return;
      const sharp = window.devicePixelRatio || 1;
      canvas.width = Math.round(width * sharp);
      canvas.height = Math.round(height * sharp);
      context.scale(sharp, sharp);
      const plot = width - LEFT - RIGHT;
      draw({
        context,
        height,
        x: (t) => LEFT + (plot * t) / duration,
        colour: (name) => colourNamed(context, name),
      });
    };
    const observer = new ResizeObserver(paint);
    observer.observe(canvas);
    return () => observer.disconnect();
    // The theme changes what colours mean.
  }, [draw, duration, height, theme]);
  return <canvas ref={ref} className="block w-full" style={{ height }} />;
}

/** A colour between others: 0 is the first, 1 the last. */
export function between(colours: readonly Rgb[], share: number): Rgb {
  const place = Math.min(1, Math.max(0, share)) * (colours.length - 1);
  const index = Math.min(colours.length - 2, Math.floor(place));
  const [from, to] = [colours[index] ?? [0, 0, 0], colours[index + 1] ?? [0, 0, 0]];
  const mix = (a: number, b: number) => a + (b - a) * (place - index);
  return [mix(from[0], to[0]), mix(from[1], to[1]), mix(from[2], to[2])];
}

export function css([red, green, blue]: Rgb): string {
  return `rgb(${Math.round(red)} ${Math.round(green)} ${Math.round(blue)})`;
}

/** Red, green and blue of a colour of the theme, such as "--audio". */
export function colourNamed(context: CanvasRenderingContext2D, name: string): Rgb {
  // A canvas turns whatever CSS calls a colour into #rrggbb.
  context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const number = Number.parseInt(String(context.fillStyle).slice(1, 7), 16);
  return [(number >> 16) & 255, (number >> 8) & 255, number & 255];
}
