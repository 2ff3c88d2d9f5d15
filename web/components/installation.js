// Registers the service worker, and says when the server has a newer client than this page.

import { button, element } from "./dom.js";

const WORKER = "/web/service_worker.js";
const CHECK_MS = 5 * 60_000;
const BUNDLE = /\/web\/bundle-[0-9a-f]+\.js/;

export function registerServiceWorker() {
  if (!("serviceWorker" in navigator)) return;
  // The only policy of the page, and it knows one address.
  const policy = globalThis.trustedTypes?.createPolicy("service-worker", { createScriptURL: () => WORKER });
  const register = () =>
    navigator.serviceWorker
      .register(policy?.createScriptURL("") ?? WORKER, { scope: "/", updateViaCache: "none" })
      .catch(() => {});
  // After the first load, which has the line for itself.
  if (document.readyState === "complete") register();
  else addEventListener("load", register, { once: true });
}

// Compares the page with that of the server after each reconnect, at most every five minutes.
export function watchForNewClient(socket) {
  const own = document.querySelector('script[src*="/web/bundle-"]')?.getAttribute("src");
  let lastMs = Date.now();
  let wasLive = false;
  return socket.changed.on(async () => {
    const isBack = socket.isLive && !wasLive;
    wasLive = socket.isLive;
    if (!own || !isBack || Date.now() - lastMs < CHECK_MS) return;
    lastMs = Date.now();
    try {
      const [current] = BUNDLE.exec(await (await fetch("/", { cache: "no-cache" })).text()) ?? [own];
      if (current !== own) offerReload();
    } catch {
      // Asked again after the next reconnect.
    }
  });
}

function offerReload() {
  const toasts = document.getElementById("toasts");
  if (toasts.querySelector(".new-client")) return;
  toasts.append(
    element(
      "div",
      { class: "toast info new-client" },
      element("span", {}, "A new version is available."),
      button("Reload", () => location.reload(), { class: "link" }),
    ),
  );
}
