/* Shows a page of ours instead of the browser's own when the server cannot be reached. Keeps nothing else. */

const SHELF = "notreally-offline-1";
const PAGE = "/offline/";
const KEPT = [PAGE, "/offline/offline.css", "/favicon.svg"];

self.addEventListener("install", (event) => {
  const requests = KEPT.map((path) => new Request(path, { cache: "reload" }));
  event.waitUntil(caches.open(SHELF).then((shelf) => shelf.addAll(requests)));
});

self.addEventListener("activate", (event) => {
  const old = async () => {
    const names = await caches.keys();
    const ours = names.filter((name) => name.startsWith("notreally-offline-") && name !== SHELF);
    await Promise.all(ours.map((name) => caches.delete(name)));
    // Or a page would wait for this script to start.
    await self.registration.navigationPreload?.enable();
  };
  event.waitUntil(old());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.mode === "navigate") event.respondWith(shown(event));
  else if (request.method === "GET" && KEPT.includes(new URL(request.url).pathname)) event.respondWith(fetched(request));
});

async function shown(event) {
  try {
    return (await event.preloadResponse) ?? (await fetch(event.request));
  } catch {
    return (await caches.match(PAGE)) ?? Response.error();
  }
}

async function fetched(request) {
  try {
    return await fetch(request);
  } catch {
    return (await caches.match(new URL(request.url).pathname)) ?? Response.error();
  }
}
