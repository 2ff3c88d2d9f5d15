// Presence of the users whose status dots are in the page. A mutation observer finds the dots, and the
// server is asked to watch their users. Also reports the user as away while the page is hidden.

import { t } from "../i18n.js";

const MAX_WATCHED = 200;
const BATCH_DELAY_MS = 300;
const AWAY_MS = 5 * 60_000;
const LABELS = { online: t("presence.online"), away: t("presence.away"), offline: t("presence.offline") };

export class Presence {
  #socket = null;
  #statuses = new Map();
  #watched = "";
  #timer = null;
  #awayTimer = null;
  #away = false;
  #observer = new MutationObserver(() => this.#schedule());
  #onVisibilityChange = () => this.#updateAway();

  start(socket) {
    this.#socket = socket;
    this.#observer.observe(document.body, { childList: true, subtree: true });
    document.addEventListener("visibilitychange", this.#onVisibilityChange);
  }

  stop() {
    this.#observer.disconnect();
    document.removeEventListener("visibilitychange", this.#onVisibilityChange);
    clearTimeout(this.#timer);
    clearTimeout(this.#awayTimer);
    this.#socket = null;
  }

  // The watch list belongs to the connection, so it is sent again.
  onConnected() {
    this.watchAgain();
    if (this.#away) this.#sendStatus();
  }

  // Contacts changed, so the server may report users that it left out before.
  watchAgain() {
    this.#watched = "";
    this.#schedule();
  }

  update(presences) {
    for (const { user_id: userId, status } of presences) this.#statuses.set(userId, status);
    for (const dot of document.querySelectorAll("[data-presence]")) this.#paint(dot);
  }

  #paint(dot) {
    const status = this.#statuses.get(dot.dataset.presence) ?? "offline";
    if (dot.dataset.status === status) return;
    dot.dataset.status = status;
    dot.setAttribute("aria-label", LABELS[status] ?? status);
    dot.title = LABELS[status] ?? status;
  }

  #schedule() {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#watch();
    }, BATCH_DELAY_MS);
  }

  #watch() {
    const dots = [...document.querySelectorAll("[data-presence]")];
    dots.forEach((dot) => this.#paint(dot));
    const ids = [...new Set(dots.map((dot) => dot.dataset.presence))].slice(0, MAX_WATCHED).sort();
    const watched = ids.join();
    if (watched === this.#watched || !this.#socket?.isLive) return;
    this.#watched = watched;
    this.#socket
      .send({ type: "presence.watch", user_ids: ids })
      .then(({ presences }) => watched === this.#watched && this.update(presences))
      .catch(() => {
        if (watched === this.#watched) this.#watched = "";
      });
  }

  #updateAway() {
    clearTimeout(this.#awayTimer);
    if (document.visibilityState === "hidden")
      this.#awayTimer = setTimeout(() => this.#setAway(true), AWAY_MS);
    else this.#setAway(false);
  }

  #setAway(away) {
    if (away === this.#away) return;
    this.#away = away;
    this.#sendStatus();
  }

  #sendStatus() {
    this.#socket?.send({ type: "presence.set", status: this.#away ? "away" : "online" }).catch(() => null);
  }
}
