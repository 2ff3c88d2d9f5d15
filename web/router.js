// Shows the view of the current address. Routes are in the fragment, so the server sees none of them.
//
// A view is `{title, element, full?, accept?, close?}`, made by a module that may be loaded when its route is first
// entered. `accept(parameters)` lets a view show another address
// of its own route. A view that the user leaves is kept for its history entry: going back shows it with its
// pages, filters, texts and scroll position.

import { button, element, errorText, skeleton, visuallyHidden } from "./components/dom.js";
import { t } from "./i18n.js";

const MAX_KEPT = 6;
// A module that is there within this time replaces the view without an intermediate one.
const LOADING_DELAY_MS = 200;

export class Router {
  #routes = [];
  #show;
  #redirect;
  #setBusy;
  #current = null;
  // What is shown once its module is there.
  #loading = null;
  // Views that were left, by history entry: {view, scrollTop}.
  #kept = new Map();

  // `show(view, {isNew, scrollTop})`; `redirect(route)` returns another address, or null; `setBusy(busy)` is called
  // before and after a module is loaded.
  constructor({ show, redirect, setBusy }) {
    this.#show = show;
    this.#redirect = redirect;
    this.#setBusy = setBusy;
    history.scrollRestoration = "manual";
    addEventListener("hashchange", () => this.go());
  }

  // `path` like "/post/:id"; `make({id, query}, module)` returns a view. `open`: for users who are not logged in.
  // `load()` resolves to the module.
  add(path, make, { open = false, load = null } = {}) {
    const names = [];
    const pattern = path.replace(/:(\w+)/g, (_, name) => {
      names.push(name);
      return "([^/]+)";
    });
    this.#routes.push({ pattern: new RegExp(`^${pattern}$`), names, make, open, load, module: null });
  }

  go() {
    const [path, search = ""] = (location.hash.slice(1) || "/").split("?");
    for (const route of this.#routes) {
      const match = route.pattern.exec(path);
      if (!match) continue;
      const redirect = this.#redirect(route);
      if (redirect !== null) {
        location.replace(redirect);
        return;
      }
      const parameters = { query: new URLSearchParams(search) };
      route.names.forEach((name, index) => {
        if (match[index + 1] !== undefined) parameters[name] = decode(match[index + 1]);
      });
      this.#enter(route, parameters);
      return;
    }
    location.replace("#/");
  }

  // Closes all views, also those that are kept.
  closeAll() {
    this.#stopLoading();
    this.#current?.view.close?.();
    this.#current = null;
    for (const { view } of this.#kept.values()) view.close?.();
    this.#kept.clear();
  }

  #stopLoading() {
    this.#loading = null;
    this.#setBusy(false);
  }

  async #enter(route, parameters) {
    this.#stopLoading();
    if (route.load !== null && route.module === null && !(await this.#load(route))) return;
    this.#open(route, parameters);
  }

  // Returns whether the module is there and the route is still the one to show.
  async #load(route) {
    const loading = Symbol("loading");
    this.#leave();
    this.#loading = loading;
    this.#setBusy(true);
    const timer = setTimeout(() => {
      if (loading === this.#loading) this.#showInstead(loadingView());
    }, LOADING_DELAY_MS);
    try {
      route.module = await route.load();
    } catch {
      if (loading === this.#loading) this.#showInstead(failedView());
      return false;
    } finally {
      clearTimeout(timer);
      if (loading === this.#loading) this.#setBusy(false);
    }
    return loading === this.#loading;
  }

  #showInstead(view) {
    this.#show(view, { isNew: true });
  }

  #open(route, parameters) {
    const entry = currentEntry();
    if (route === this.#current?.route && this.#current.view.accept?.(parameters)) {
      this.#current.entry = entry;
      this.#show(this.#current.view, { isNew: false });
      return;
    }
    this.#leave();
    const kept = this.#kept.get(entry);
    this.#kept.delete(entry);
    const view = kept?.view ?? route.make(parameters, route.module);
    this.#current = { route, view, entry };
    this.#show(view, { isNew: true, scrollTop: kept?.scrollTop ?? 0 });
  }

  #leave() {
    if (this.#current === null) return;
    const { route, view, entry } = this.#current;
    this.#current = null;
    if (view.full || route.open) {
      view.close?.();
      return;
    }
    this.#kept.set(entry, { view, scrollTop: scrollY });
    if (this.#kept.size <= MAX_KEPT) return;
    const [oldest, { view: dropped }] = this.#kept.entries().next().value;
    this.#kept.delete(oldest);
    dropped.close?.();
  }
}

function loadingView() {
  const title = t("common.loading");
  const heading = element("h1", { tabindex: "-1" }, visuallyHidden(title));
  return { title, element: element("section", { class: "column" }, heading, skeleton()) };
}

// The server may have another version of the client by now: only a new page is sure to work.
function failedView() {
  const title = t("common.load_failed");
  const reload = button(t("common.reload"), () => location.reload(), { class: "primary" });
  return {
    title,
    element: element(
      "section",
      { class: "column" },
      element("h1", { tabindex: "-1" }, title),
      errorText(t("errors.unreachable")),
      reload,
    ),
  };
}

// The id of the history entry. A new entry has no state yet.
function currentEntry() {
  if (history.state?.entry === undefined)
    history.replaceState({ entry: `${Date.now()}-${Math.random()}` }, "");
  return history.state.entry;
}

function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
