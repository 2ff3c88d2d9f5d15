// The frame around every view: navigation with unread counts, the connection banner and the page title.

import { avatar } from "./components/avatar.js";
import { BatchedTask } from "./components/batched_task.js";
import { button, element, setChildren, visuallyHidden } from "./components/dom.js";
import { icon } from "./components/icons.js";
import { watchForNewClient } from "./components/installation.js";
import { SideColumn } from "./components/side_column.js";
import { t } from "./i18n.js";
import { Scope } from "./state/signal.js";
import { nameOf } from "./state/user_cards.js";

const LINKS = [
  ["#/", t("nav.home"), "home"],
  ["#/people", t("people.title"), "people"],
  ["#/events", t("events.title"), "event"],
  ["#/messages", t("messages.title"), "message", t("nav.messages")],
  ["#/notifications", t("notifications.title"), "bell", t("nav.alerts")],
];
// A connection that is back within this time is not mentioned.
const BANNER_DELAY_MS = 1_500;

export class Shell {
  #root;
  #scope = new Scope();
  #badges = new Map();
  #links = new Map();
  #profile = element("a", { class: "nav-profile" });
  #moderation = element(
    "a",
    { href: "#/moderation", class: "nav-settings", hidden: true },
    icon("flag"),
    element("span", { class: "label" }, t("moderation.title")),
  );
  #banner = element("section", { class: "connection-banner", "aria-label": t("nav.connection") });
  #bannerText = element("span", { class: "grow" });
  #retry = button("", () => this.#session.socket.reconnect(), { class: "plain" });
  #bannerRow = element("p", { class: "row" }, this.#bannerText, this.#retry);
  #main = element("main", { id: "main", tabindex: "-1" });
  #side = null;
  #title = "Convene";
  #session = null;
  #bannerTimer = null;
  #counts = new BatchedTask(() => this.#showCounts());
  #hasShown = false;

  constructor(root) {
    this.#root = root;
  }

  // The frame of a logged-in user.
  enter(session) {
    this.leave();
    this.#session = session;
    this.#scope = new Scope();
    this.#side = new SideColumn(session, this.#scope);
    setChildren(
      this.#root,
      skipLink(this.#main),
      this.#navigation(),
      element("div", { class: "page" }, this.#banner, this.#main, this.#side.element),
    );
    this.#scope.keep(watchForNewClient(session.socket));
    this.#root.className = "signed-in";
    const countSoon = () => this.#counts.request();
    const showBanner = () => this.#onConnection();
    this.#scope.keep(session.notifications.unreadChanged.on(countSoon));
    this.#scope.keep(session.conversations.changed.on(countSoon));
    this.#scope.keep(session.requests.changed.on(countSoon));
    this.#scope.keep(session.socket.changed.on(showBanner));
    this.#scope.keep(session.userChanged.on(() => this.#showProfile()));
    this.#scope.listen(window, "online", showBanner);
    this.#scope.listen(window, "offline", showBanner);
    this.#showProfile();
    this.#showCounts();
  }

  // The frame of a visitor.
  leave() {
    this.#scope.close();
    this.#session = null;
    this.#side = null;
    clearTimeout(this.#bannerTimer);
    this.#counts.cancel();
    this.#hideBanner();
    setChildren(this.#root, this.#main);
    this.#root.className = "signed-out";
  }

  show(view, { isNew, scrollTop = 0 }) {
    this.#title = view.title;
    this.#main.className = view.full ? "full" : "";
    if (this.#side !== null) {
      this.#side.element.hidden = view.full === true;
      this.#side.update();
    }
    if (isNew) {
      setChildren(this.#main, view.element);
      scrollTo({ top: scrollTop });
      // Announces to screen readers that the page changed. On the first page they begin at the top anyway.
      if (this.#hasShown) this.#main.querySelector("h1")?.focus({ preventScroll: true });
    }
    this.#hasShown = true;
    this.#showTitle();
    this.#markCurrentLink();
  }

  setBusy(busy) {
    this.#main.setAttribute("aria-busy", String(busy));
  }

  #navigation() {
    const links = LINKS.map(([href, label, name, short = label]) => {
      const badge = element("span", { class: "badge", hidden: true });
      const link = element("a", { href }, icon(name), ...linkLabels(label, short), badge);
      this.#badges.set(href, badge);
      this.#links.set(href, link);
      return link;
    });
    const settings = element(
      "a",
      { href: "#/settings", class: "nav-settings" },
      icon("settings"),
      element("span", { class: "label" }, t("settings.title")),
    );
    this.#links.set("#/settings", settings);
    this.#links.set("#/moderation", this.#moderation);
    return element(
      "nav",
      { class: "nav", "aria-label": t("nav.main") },
      element("a", { href: "#/", class: "brand" }, "Convene"),
      links,
      this.#profile,
      this.#moderation,
      settings,
    );
  }

  #showProfile() {
    const { user } = this.#session;
    this.#profile.href = `#/@${user.username}`;
    this.#moderation.hidden = !this.#session.isModerator;
    setChildren(
      this.#profile,
      avatar(user, { size: "tiny" }),
      ...linkLabels(nameOf(user), t("common.you")),
    );
  }

  #showCounts() {
    const { conversations, notifications, requests } = this.#session;
    this.#showBadge("#/messages", conversations.unread + requests.count);
    this.#showBadge("#/notifications", notifications.unread);
    this.#showTitle();
  }

  #showBadge(href, count) {
    const badge = this.#badges.get(href);
    badge.hidden = count === 0;
    setChildren(badge, count > 99 ? "99+" : count, visuallyHidden(` ${t("common.unread")}`));
  }

  #showTitle() {
    const session = this.#session;
    const unread =
      session === null ? 0 : session.conversations.unread + session.requests.count + session.notifications.unread;
    const prefix = unread > 0 ? `(${unread > 99 ? "99+" : unread}) ` : "";
    document.title = `${prefix}${this.#title} · Convene`;
  }

  #markCurrentLink() {
    const here = location.hash || "#/";
    for (const [href, link] of this.#links)
      markCurrent(
        link,
        href === "#/" ? here === href : here.startsWith(href) || here.startsWith(href.replace(/s$/, "/")),
      );
    markCurrent(this.#profile, here === this.#profile.getAttribute("href"));
  }

  // --- connection banner

  #onConnection() {
    const { state } = this.#session.socket;
    clearTimeout(this.#bannerTimer);
    const immediate = state.name === "stopped" || !navigator.onLine || this.#banner.childNodes.length > 0;
    if (state.name === "live" && navigator.onLine) this.#hideBanner();
    else if (immediate) this.#showBanner();
    else this.#bannerTimer = setTimeout(() => this.#showBanner(), BANNER_DELAY_MS);
  }

  // Its parts stay: each second of a countdown would take the focus from the button.
  #showBanner() {
    const { state } = this.#session.socket;
    const [text, ticks] = bannerText(state);
    // Only the kind of problem is announced, not each second of the countdown.
    this.#bannerText.setAttribute("aria-live", this.#banner.dataset.state === state.name ? "off" : "polite");
    this.#banner.dataset.state = state.name;
    if (this.#banner.childNodes.length === 0) setChildren(this.#banner, this.#bannerRow);
    this.#bannerText.textContent = text;
    this.#retry.textContent = state.name === "stopped" ? t("connection.reconnect") : t("connection.try_now");
    // During an attempt it stays only for its focus.
    const canRetry = state.name === "stopped" || state.name === "waiting";
    this.#retry.hidden = !canRetry && document.activeElement !== this.#retry;
    if (ticks) this.#bannerTimer = setTimeout(() => this.#showBanner(), 1_000);
  }

  #hideBanner() {
    const hadFocus = this.#banner.contains(document.activeElement);
    setChildren(this.#banner);
    delete this.#banner.dataset.state;
    if (hadFocus) this.#main.focus({ preventScroll: true });
  }
}

// The text, and whether it counts down.
function bannerText(state) {
  if (state.name === "stopped") return [state.text, false];
  if (!navigator.onLine) return [t("connection.offline"), false];
  if (state.name !== "waiting") return [t("connection.reconnecting"), false];
  const seconds = Math.max(1, Math.ceil((state.until - Date.now()) / 1_000));
  return [t("connection.lost", { seconds }), true];
}

function markCurrent(link, isCurrent) {
  if (isCurrent) link.setAttribute("aria-current", "page");
  else link.removeAttribute("aria-current");
}

// Narrow screens have room for a short label only.
function linkLabels(label, short) {
  return [
    element("span", { class: "label wide-only", dir: "auto" }, label),
    element("span", { class: "label narrow-only" }, short),
  ];
}

// A button, because a link would change the route in the fragment.
function skipLink(main) {
  return button(t("nav.skip"), () => main.focus(), { class: "skip" });
}
