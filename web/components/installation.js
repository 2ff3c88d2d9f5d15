// Registers the service worker, and says when the server has a newer client than this page.

import { t } from "../i18n.js";
import { button, element } from "./dom.js";
import { icon } from "./icons.js";

const WORKER = "/web/service_worker.js";
const CHECK_MS = 5 * 60_000;
const CACHE = "convene-shell";
const SCRIPT = /<script [^>]*src="([^"]+)"/;

// `textsAddress`: of the texts of the language, which the worker keeps for one language only.
export function registerServiceWorker(textsAddress) {
  if (!("serviceWorker" in navigator)) return;
  // The only policy of the page, and it knows one address.
  const policy = globalThis.trustedTypes?.createPolicy("service-worker", { createScriptURL: () => WORKER });
  const register = async () => {
    try {
      await navigator.serviceWorker.register(policy?.createScriptURL("") ?? WORKER, {
        scope: "/",
        updateViaCache: "none",
      });
      await (await caches.open(CACHE)).add(textsAddress);
    } catch {
      // The client works without a copy.
    }
  };
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
      const [, current] = SCRIPT.exec(await (await fetch("/", { cache: "no-cache" })).text()) ?? [];
      if (current !== undefined && current !== own) offerReload();
    } catch {
      // Asked again after the next reconnect.
    }
  });
}

function offerReload() {
  const toasts = document.getElementById("toasts");
  if (toasts.querySelector(".new-client")) return;
  const made = element(
    "div",
    { class: "toast info new-client" },
    element("span", {}, t("common.new_version")),
    button(t("common.reload"), () => location.reload(), { class: "link" }),
    button(icon("close"), () => made.remove(), { class: "icon-button", "aria-label": t("common.dismiss") }),
  );
  toasts.append(made);
}
