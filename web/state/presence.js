// Presence of the users whose status dots are in the page. A mutation observer finds the dots, and the
// server is asked to watch their users. Also reports the user as away while the page is hidden, or while the user
// chose so in this browser.

import { t } from "../i18n.js";
import { Signal } from "./signal.js";
import { WatchList } from "./watch_list.js";

const MAX_WATCHED = 200;
const BATCH_DELAY_MS = 300;
const AWAY_MS = 5 * 60_000;
const LABELS = { online: t("presence.online"), away: t("presence.away"), offline: t("presence.offline") };

export class Presence {
  #socket = null;
  // The last presence of each user that was watched.
  #presences = new Map();
  #watchList = new WatchList({
    delayMs: BATCH_DELAY_MS,
    idsOf: () => this.#shownUserIds(),
    commandOf: (ids) => ({ type: "presence.watch", user_ids: ids }),
    onAnswer: ({ presences }) => this.update(presences),
  });
  #awayTimer = null;
  // Because the page is hidden.
  #isAbsent = false;
  #observer = new MutationObserver(() => this.#watchList.schedule());
  #onVisibilityChange = () => this.#updateAbsence();
  #storageKey;
  #onStorage = ({ key }) => key === this.#storageKey && this.#onChosen();
  statusChanged = new Signal();
  // The presence of others changed.
  changed = new Signal();

  constructor(me) {
    this.#storageKey = `convene.status.${me.id}`;
  }

  // Whether the user chose to appear away, in any window of this browser.
  get isAwayChosen() {
    return localStorage.getItem(this.#storageKey) === "away";
  }

  chooseAway(away) {
    if (away) localStorage.setItem(this.#storageKey, "away");
    else localStorage.removeItem(this.#storageKey);
    this.#onChosen();
  }

  start(socket) {
    this.#socket = socket;
    this.#watchList.start(socket);
    this.#observer.observe(document.body, { childList: true, subtree: true });
    document.addEventListener("visibilitychange", this.#onVisibilityChange);
    addEventListener("storage", this.#onStorage);
  }

  stop() {
    this.#observer.disconnect();
    document.removeEventListener("visibilitychange", this.#onVisibilityChange);
    removeEventListener("storage", this.#onStorage);
    this.#watchList.stop();
    clearTimeout(this.#awayTimer);
    this.#socket = null;
  }

  // The watch list belongs to the connection, so it is sent again.
  onConnected() {
    this.watchAgain();
    if (this.#isAway) this.#sendStatus();
  }

  // Contacts changed, so the server may report users that it left out before.
  watchAgain() {
    this.#watchList.sendAgain();
  }

  update(presences) {
    for (const presence of presences) this.#presences.set(presence.user_id, presence);
    for (const dot of document.querySelectorAll("[data-presence]")) this.#paint(dot);
    this.changed.emit();
  }

  // {status, last_seen} of a user whose dot is in the page. Until the server answered: offline, never seen.
  of(userId) {
    return this.#presences.get(userId) ?? { status: "offline", last_seen: null };
  }

  #paint(dot) {
    const { status } = this.of(dot.dataset.presence);
    if (dot.dataset.status === status) return;
    dot.dataset.status = status;
    dot.setAttribute("aria-label", LABELS[status] ?? status);
    dot.title = LABELS[status] ?? status;
  }

  // Those in a header first: a list may have more than can be watched.
  #shownUserIds() {
    const dots = [
      ...document.querySelectorAll("header [data-presence]"),
      ...document.querySelectorAll("[data-presence]"),
    ];
    dots.forEach((dot) => this.#paint(dot));
    return [...new Set(dots.map((dot) => dot.dataset.presence))].slice(0, MAX_WATCHED);
  }

  get #isAway() {
    return this.#isAbsent || this.isAwayChosen;
  }

  #updateAbsence() {
    clearTimeout(this.#awayTimer);
    if (document.visibilityState === "hidden")
      this.#awayTimer = setTimeout(() => this.#setAbsent(true), AWAY_MS);
    else this.#setAbsent(false);
  }

  #setAbsent(absent) {
    if (absent === this.#isAbsent) return;
    this.#isAbsent = absent;
    if (!this.isAwayChosen) this.#sendStatus();
  }

  #onChosen() {
    this.#sendStatus();
    this.statusChanged.emit();
  }

  #sendStatus() {
    this.#socket?.send({ type: "presence.set", status: this.#isAway ? "away" : "online" }).catch(() => null);
  }
}
