/** The result as a file for other programs. */

import type { Api } from "@/lib/api/client";

/** As the server writes it for everybody: REST and the command line give the same. */
export async function analysisJson(api: Api, name: string): Promise<string> {
  const { data } = await api.exportAnalysis({ name });
  return `${JSON.stringify(JSON.parse(new TextDecoder().decode(data)), null, 2)}\n`;
}

/** "clip.mp4" becomes "clip.notreally.json". */
export function jsonName(filename: string): string {
  const stem = filename.replace(/\.[^.]*$/, "");
  return `${stem || "analysis"}.notreally.json`;
}

export function saveAs(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken its own copy once the click is handled.
  setTimeout(() => URL.revokeObjectURL(url), 0);
}
