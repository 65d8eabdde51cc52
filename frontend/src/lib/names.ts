/** Resource names and the addresses of their pages. */

/** `analyses/{id}` as the id alone. */
export function idOf(analysis: string): string {
  return analysis.slice(analysis.indexOf("/") + 1);
}

/** The page of an analysis. */
export function analysisPage(analysis: string): string {
  return `/analysis/?id=${encodeURIComponent(idOf(analysis))}`;
}

/** The page of a batch (`batches/{id}`). */
export function batchPage(batch: string): string {
  return `/batch/?id=${encodeURIComponent(idOf(batch))}`;
}

/** The page that puts two analyses side by side. */
export function comparePage(one: string, other: string): string {
  return `/compare/?a=${encodeURIComponent(idOf(one))}&b=${encodeURIComponent(idOf(other))}`;
}
