// Shows the view of the current address. Routes are in the fragment, so the server sees none of them.
//
// A view is `{title, element, full?, accept?, close?}`. `accept(parameters)` lets a view show another address
// of its own route. A view that the user leaves is kept for its history entry: going back shows it with its
// pages, filters, texts and scroll position.

const MAX_KEPT = 6;

export class Router {
  #routes = [];
  #show;
  #redirect;
  #current = null;
  // Views that were left, by history entry: {view, scrollTop}.
  #kept = new Map();

  // `show(view, {isNew, scrollTop})`; `redirect(route)` returns another address, or null.
  constructor(show, redirect) {
    this.#show = show;
    this.#redirect = redirect;
    history.scrollRestoration = "manual";
    addEventListener("hashchange", () => this.go());
  }

  // `path` like "/post/:id"; `make({id, query})` returns a view. `open`: for users who are not logged in.
  add(path, make, { open = false } = {}) {
    const names = [];
    const pattern = path.replace(/:(\w+)/g, (_, name) => {
      names.push(name);
      return "([^/]+)";
    });
    this.#routes.push({ pattern: new RegExp(`^${pattern}$`), names, make, open });
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
    this.#current?.view.close?.();
    this.#current = null;
    for (const { view } of this.#kept.values()) view.close?.();
    this.#kept.clear();
  }

  #enter(route, parameters) {
    const entry = currentEntry();
    if (route === this.#current?.route && this.#current.view.accept?.(parameters)) {
      this.#current.entry = entry;
      this.#show(this.#current.view, { isNew: false });
      return;
    }
    this.#leave();
    const kept = this.#kept.get(entry);
    this.#kept.delete(entry);
    const view = kept?.view ?? route.make(parameters);
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
