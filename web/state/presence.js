// Who is there, of the people whose dots are in the page now. Dots come and go with what is shown: the page
// is looked at after it changed, and the server is told whom to watch. It also tells when oneself is away.
// It never watches more people than one may.

const WATCHED = 200;
const GATHER_MS = 300;
const AWAY_MS = 5 * 60_000;
const WORDS = { online: "online", away: "away", offline: "offline" };

export class Presence {
  #socket = null;
  #statuses = new Map();
  #watched = "";
  #timer = null;
  #awayTimer = null;
  #away = false;
  #observer = new MutationObserver(() => this.#look());
  #onVisibility = () => this.#seen();

  start(socket) {
    this.#socket = socket;
    this.#observer.observe(document.body, { childList: true, subtree: true });
    document.addEventListener("visibilitychange", this.#onVisibility);
  }

  stop() {
    this.#observer.disconnect();
    document.removeEventListener("visibilitychange", this.#onVisibility);
    clearTimeout(this.#timer);
    clearTimeout(this.#awayTimer);
    this.#socket = null;
  }

  // A new connection knows nothing of whom the last one watched.
  onConnected() {
    this.renew();
    if (this.#away) this.#say();
  }

  // One has to do with more people than before, or with fewer: some may be told of now.
  renew() {
    this.#watched = "";
    this.#look();
  }

  update(presences) {
    for (const { user_id: userId, status } of presences) this.#statuses.set(userId, status);
    for (const dot of document.querySelectorAll("[data-presence]")) this.#paint(dot);
  }

  #paint(dot) {
    const status = this.#statuses.get(dot.dataset.presence) ?? "offline";
    if (dot.dataset.status === status) return;
    dot.dataset.status = status;
    dot.setAttribute("aria-label", WORDS[status] ?? status);
    dot.title = WORDS[status] ?? status;
  }

  #look() {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#watch();
    }, GATHER_MS);
  }

  #watch() {
    const dots = [...document.querySelectorAll("[data-presence]")];
    dots.forEach((dot) => this.#paint(dot));
    const ids = [...new Set(dots.map((dot) => dot.dataset.presence))].slice(0, WATCHED).sort();
    const watched = ids.join();
    if (watched === this.#watched || this.#socket?.state.name !== "live") return;
    this.#watched = watched;
    this.#socket
      .ask({ type: "presence.watch", user_ids: ids })
      .then(({ presences }) => watched === this.#watched && this.update(presences))
      .catch(() => {
        if (watched === this.#watched) this.#watched = "";
      });
  }

  #seen() {
    clearTimeout(this.#awayTimer);
    const hidden = document.visibilityState === "hidden";
    if (hidden) this.#awayTimer = setTimeout(() => this.#setAway(true), AWAY_MS);
    else this.#setAway(false);
  }

  #setAway(away) {
    if (away === this.#away) return;
    this.#away = away;
    this.#say();
  }

  #say() {
    this.#socket?.ask({ type: "presence.set", status: this.#away ? "away" : "online" }).catch(() => null);
  }
}
