// Which view an address shows. Places stand behind the `#`: the server is asked for none of them. A view
// is `{title, element, close?, accept?}`; `accept(parameters)` lets it go to another place of its own kind
// without being made anew. It never keeps a view that is not shown.

export class Router {
  #routes = [];
  #show;
  #shown = null;
  #route = null;

  // `show(view)` puts it into the page; `guard(route)` answers another address, or null to go on.
  constructor(show, guard) {
    this.#show = show;
    this.guard = guard;
    addEventListener("hashchange", () => this.go());
  }

  // `path` like "/post/:id"; `make({id, query})` answers a view.
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
      const elsewhere = this.guard(route);
      if (elsewhere !== null) {
        location.replace(elsewhere);
        return;
      }
      const parameters = { query: new URLSearchParams(search) };
      route.names.forEach((name, place) => {
        if (match[place + 1] !== undefined) parameters[name] = decoded(match[place + 1]);
      });
      this.#enter(route, parameters);
      return;
    }
    location.replace("#/");
  }

  // The place is the same, who looks at it is another.
  reset() {
    this.leave();
    this.go();
  }

  leave() {
    this.#shown?.close?.();
    this.#shown = null;
    this.#route = null;
  }

  #enter(route, parameters) {
    if (route === this.#route && this.#shown?.accept?.(parameters)) {
      this.#show(this.#shown, false);
      return;
    }
    this.leave();
    this.#route = route;
    this.#shown = route.make(parameters);
    this.#show(this.#shown, true);
  }
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
