/** Whether this browser is signed in, where the server has a login. Where it has none, nothing here does anything. */

/** Whose files the browser last saw; the session itself is a cookie that no script can read. */
const OWNER = "notreally-owner";
const CHANGED = "notreally-owner-changed";
const ACCOUNT_PAGE = "/account/";

/** The key in a shared link: behind the hash sign, where it is sent to nobody but the server it is for. */
export function sharedKey(): string | undefined {
  return new URLSearchParams(window.location.hash.slice(1)).get("share") ?? undefined;
}

/** Goes to where one signs in, and back afterwards. */
export function askToSignIn(): void {
  rememberOwner(undefined);
  const { pathname, search } = window.location;
  if (pathname.startsWith(ACCOUNT_PAGE)) return;
  window.location.replace(`${ACCOUNT_PAGE}?back=${encodeURIComponent(pathname + search)}`);
}

/** Where to go after signing in: a page of this site, whatever the address says. */
export function wayBack(search: string): string {
  const back = new URLSearchParams(search).get("back") ?? "/";
  return /^\/(?![/\\])[^\s\\]*$/.test(back) && !back.startsWith(ACCOUNT_PAGE) ? back : "/";
}

/** What the server says of its login, along with its limits. */
export function noteServer({ login, signedIn }: { login: boolean; signedIn: boolean }): void {
  if (!login) rememberOwner(undefined);
  else if (!signedIn) askToSignIn();
}

export function rememberOwner(owner: string | undefined): void {
  if (owner === currentOwner()) return;
  try {
    if (owner === undefined) window.localStorage.removeItem(OWNER);
    else window.localStorage.setItem(OWNER, owner);
  } catch {
    return; // storage is switched off: the page goes without the link
  }
  window.dispatchEvent(new Event(CHANGED));
}

export function currentOwner(): string | undefined {
  try {
    return window.localStorage.getItem(OWNER) ?? undefined;
  } catch {
    return undefined;
  }
}

export function watchOwner(onChange: () => void): () => void {
  window.addEventListener(CHANGED, onChange);
  window.addEventListener("storage", onChange);
  return () => {
    window.removeEventListener(CHANGED, onChange);
    window.removeEventListener("storage", onChange);
  };
}
