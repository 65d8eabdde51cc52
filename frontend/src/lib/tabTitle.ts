/** What the browser calls the tab. */

import { useEffect } from "react";

/**
 * Names the tab after what the page shows, once that is known. The name that was built into the page can arrive later than
 * the answer that is asked for early, and would put itself in its place.
 */
export function useTabTitle(name: string | undefined): void {
  useEffect(() => {
    if (name === undefined) return;
    const title = `${name} · NotReally`;
    const insist = () => {
      if (document.title !== title) document.title = title;
    };
    insist();
    const observer = new MutationObserver(insist);
    observer.observe(document.head, { subtree: true, childList: true, characterData: true });
    return () => observer.disconnect();
  }, [name]);
}
