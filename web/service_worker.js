// Shows the client without a network. The page comes from the server whenever it answers; the copy kept here is
// shown only if it does not, so an old page never outlives a new server. Requests to the API are not touched.

const CACHE = "convene-shell";
const PAGE = "/";
const BUNDLE = /"(\/web\/bundle-[0-9a-f]+\.(?:js|css|json))"/g;
const BUNDLE_PATH = /^\/web\/bundle-[0-9a-f]+\.(?:js|css|json)$/;

self.addEventListener("install", (event) => event.waitUntil(update().then(() => self.skipWaiting())));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin) return;
  if (event.request.mode === "navigate" && url.pathname === PAGE) event.respondWith(page(event));
  else if (BUNDLE_PATH.test(url.pathname)) event.respondWith(bundle(event.request));
});

// Notifications are shown by the page, or by its registration where a page cannot. `data` is an address of the client.
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(PAGE + event.notification.data));
});

async function open(address) {
  const windows = await self.clients.matchAll({ type: "window" });
  const client = windows.find(({ url }) => new URL(url).pathname === PAGE);
  if (client === undefined) await self.clients.openWindow(address);
  else await (await client.focus()).navigate(address);
}

async function page(event) {
  try {
    const response = await fetch(event.request);
    if (response.ok) event.waitUntil(keep(response.clone()).catch(() => {}));
    return response;
  } catch (error) {
    const kept = await caches.match(PAGE);
    if (kept === undefined) throw error;
    return kept;
  }
}

// Its name changes with its content, so a copy is never old.
async function bundle(request) {
  return (await caches.match(request)) ?? fetch(request);
}

function named(text) {
  return [...text.matchAll(BUNDLE)].map(([, path]) => path);
}

async function update() {
  const response = await fetch(PAGE, { cache: "no-cache" });
  if (response.ok) await keep(response);
}

// One after the other: two at once could drop each other's bundles.
let keeping = Promise.resolve();
function keep(response) {
  const kept = keeping.then(() => replace(response));
  keeping = kept.catch(() => {});
  return kept;
}

// The page is replaced after its bundles are here, and what it does not need is dropped after that. Its script
// names those that are loaded on demand. Texts are added by the page, which knows the language.
async function replace(response) {
  const cache = await caches.open(CACHE);
  const bundles = new Set(named(await response.clone().text()));
  for (const path of bundles) {
    if (path.endsWith(".json")) continue;
    if ((await cache.match(path)) === undefined) await cache.add(path);
    // A set yields what is added while it is read.
    if (path.endsWith(".js"))
      for (const one of named(await (await cache.match(path)).text())) bundles.add(one);
  }
  await cache.put(PAGE, response);
  for (const request of await cache.keys()) {
    const { pathname } = new URL(request.url);
    if (pathname !== PAGE && !bundles.has(pathname)) await cache.delete(request);
  }
}
