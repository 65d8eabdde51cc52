"use client";

import { Moon, Sun } from "lucide-react";
import { useSyncExternalStore } from "react";

import { currentTheme, setTheme, watchTheme } from "./theme";

/** Switches between light and dark. */
export function ThemeToggle() {
  const theme = useSyncExternalStore(watchTheme, currentTheme, () => "light" as const);
  const other = theme === "dark" ? "light" : "dark";
  return (
    <button
      type="button"
      className="button button-plain w-10 p-0"
      aria-label={`Switch to the ${other} theme`}
      title={`Switch to the ${other} theme`}
      onClick={() => setTheme(other, true)}
    >
      {theme === "dark" ? <Sun aria-hidden size={20} /> : <Moon aria-hidden size={20} />}
    </button>
  );
}
