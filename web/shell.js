// The frame around every view: the ways to go, with what waits there, and how the line to the server is.
// It never holds what a view shows.

import { avatar } from "./parts/avatar.js";
import { button, element, fill, hidden } from "./parts/dom.js";
import { icon } from "./parts/icons.js";
import { Scope } from "./state/signal.js";
import { nameOf } from "./state/people.js";

const PLACES = [
  ["#/", "Home", "home"],
  ["#/people", "People", "people"],
  ["#/events", "Events", "event"],
  ["#/messages", "Messages", "message"],
  ["#/notifications", "Notifications", "bell", "Alerts"],
];
// A line that comes back at once is not worth a word.
const PATIENCE_MS = 1_500;

export class Shell {
  #root;
  #scope = new Scope();
  #counts = new Map();
  #links = new Map();
  #you = element("a", { class: "nav-you" });
  #line = element("div", { class: "line", role: "status" });
  #main = element("main", { id: "main", tabindex: "-1" });
  #title = "Convene";
  #session = null;
  #lineTimer = null;
  #shown = false;

  constructor(root) {
    this.#root = root;
  }

  // The frame of somebody who is logged in.
  enter(session) {
    this.leave();
    this.#session = session;
    this.#scope = new Scope();
    fill(
      this.#root,
      skipLink(this.#main),
      this.#navigation(),
      element("div", { class: "stage" }, this.#line, this.#main),
    );
    this.#root.className = "inside";
    const count = () => this.#count();
    this.#scope.keep(session.notifications.changed.on(count));
    this.#scope.keep(session.conversations.changed.on(count));
    this.#scope.keep(session.socket.changed.on((state) => this.#tellLine(state)));
    this.#scope.keep(session.userChanged.on(() => this.#tellYou()));
    this.#tellYou();
    this.#count();
  }

  // The bare frame, for those who are not.
  leave() {
    this.#scope.close();
    this.#session = null;
    clearTimeout(this.#lineTimer);
    fill(this.#line);
    fill(this.#root, this.#main);
    this.#root.className = "outside";
  }

  show(view, isNew) {
    this.#title = view.title;
    this.#main.className = view.full ? "full" : "";
    if (isNew) {
      fill(this.#main, view.element);
      scrollTo({ top: 0 });
    }
    this.#tellTitle();
    this.#mark();
    // Who does not see the page hears where it is now; at the first view it is read anyhow.
    if (isNew && this.#shown) this.#main.querySelector("h1")?.focus({ preventScroll: true });
    this.#shown = true;
  }

  #navigation() {
    const links = PLACES.map(([href, label, name, short = label]) => {
      const count = element("span", { class: "badge", hidden: true });
      const link = element("a", { href }, icon(name), ...labels(label, short), count);
      this.#counts.set(href, count);
      this.#links.set(href, link);
      return link;
    });
    return element(
      "nav",
      { class: "nav", "aria-label": "Main" },
      element("a", { href: "#/", class: "brand" }, "Convene"),
      links,
      this.#you,
      element(
        "a",
        { href: "#/settings", class: "nav-settings" },
        icon("settings"),
        element("span", { class: "label" }, "Settings"),
      ),
    );
  }

  #tellYou() {
    const { user } = this.#session;
    this.#you.href = `#/@${user.username}`;
    fill(this.#you, avatar(user, { size: "tiny", dot: false }), ...labels(nameOf(user), "You"));
  }

  #count() {
    const { conversations, notifications } = this.#session;
    this.#put("#/messages", conversations.unread);
    this.#put("#/notifications", notifications.unread);
    this.#tellTitle();
  }

  #put(href, count) {
    const badge = this.#counts.get(href);
    badge.hidden = count === 0;
    fill(badge, count > 99 ? "99+" : count, hidden(" unread"));
  }

  #tellTitle() {
    const waiting =
      this.#session === null ? 0 : this.#session.conversations.unread + this.#session.notifications.unread;
    document.title = `${waiting > 0 ? `(${waiting > 99 ? "99+" : waiting}) ` : ""}${this.#title} · Convene`;
  }

  #mark() {
    const here = location.hash || "#/";
    for (const [href, link] of this.#links) {
      const current =
        href === "#/" ? here === href : here.startsWith(href) || here.startsWith(href.replace(/s$/, "/"));
      if (current) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }

  #tellLine(state) {
    clearTimeout(this.#lineTimer);
    if (state.name === "live") fill(this.#line);
    else if (state.name === "stopped") this.#sayLine(state);
    else
      this.#lineTimer = setTimeout(
        () => this.#sayLine(state),
        this.#line.childNodes.length > 0 ? 0 : PATIENCE_MS,
      );
  }

  #sayLine(state) {
    const now = button(
      state.name === "stopped" ? "Connect again" : "Try now",
      () => this.#session.socket.goOn(),
      { class: "plain" },
    );
    const words =
      state.name === "stopped"
        ? state.words
        : "The connection is lost. What you write is kept and sent when it is back.";
    fill(
      this.#line,
      element(
        "p",
        { class: "row" },
        element("span", { class: "grow" }, words),
        state.name !== "connecting" && now,
      ),
    );
  }
}

// On a narrow screen there is room for a short word.
function labels(label, short) {
  return [
    element("span", { class: "label wide-only", dir: "auto" }, label),
    element("span", { class: "label narrow-only" }, short),
  ];
}

// Its place is not an address: those behind the `#` are views.
function skipLink(main) {
  return button("Skip to content", () => main.focus(), { class: "skip" });
}
