// The messages of an open conversation, on the screen:
//
//     log -> lines (made anew only where something changed) -> scroller
//
// It stays at the end while one is there, and where it is while one reads further up. What is seen at the
// end is marked as read. It never moves what is being read.

import { arrange, button, element, fill } from "../parts/dom.js";
import { dayLine, messageLine, unsentLine } from "../parts/message_line.js";
import { dayOf, isSameDay } from "../parts/moments.js";
import { excerpt } from "../parts/words.js";
import { ReadMark } from "./read_mark.js";
import { Receipts } from "./receipts.js";

const NEAR_PX = 60;
const TOGETHER_MS = 5 * 60_000;

export class MessageList {
  #session;
  #room;
  #scope;
  #log;
  #context;
  #lines = new Map();
  #days = new Map();
  #unsent = new Map();
  #newFrom = null;
  #newLine = element("li", { class: "new-line" }, element("span", {}, "New"));
  #newest = 0;
  #oldest = null;
  #readMark;
  #receipts = new Receipts();
  #offLog = null;
  #older = element("div", { class: "older" });
  #list = element("ol", { class: "plain-list lines" });
  #spoken = element("div", { class: "hidden-text", "aria-live": "polite" });
  #jump = button("New messages ↓", () => this.toEnd(), { class: "primary pill jump", hidden: true });
  #scroller = element(
    "div",
    { class: "scroller", tabindex: "0", role: "region", "aria-label": "Messages" },
    this.#older,
    this.#list,
  );
  #watcher = new IntersectionObserver(
    (entries) => entries.some((one) => one.isIntersecting) && this.#loadOlder(),
    { root: null },
  );

  constructor(session, room, scope, acts) {
    this.#session = session;
    this.#room = room;
    this.#scope = scope;
    this.#context = { session, room, acts, find: (id) => this.#log.find(id) };
    this.#readMark = new ReadMark(session, room, scope, () => this.#atEnd());
    this.element = element("div", { class: "scroller-place" }, this.#scroller, this.#jump, this.#spoken);
  }

  async begin() {
    const { info } = this.#room;
    this.#newFrom = info.unread_count > 0 ? info.read_seq : null;
    this.#scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.#scope.keep(this.#room.receipts.on(() => this.#render()));
    this.#scope.keep(this.#session.people.changed.on(() => this.#render({ anew: true })));
    this.#scope.keep(this.#session.outbox.changed.on((id) => id === this.#room.id && this.#render()));
    this.#scope.keep(() => this.#watcher.disconnect());
    this.#scope.keep(() => this.#offLog?.());
    await this.#openLog();
    if (this.#newLine.isConnected) this.#newLine.scrollIntoView({ block: "center" });
    else this.toEnd();
    this.#jump.hidden = this.#atEnd();
    this.#readMark.look();
  }

  toEnd() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  // Bring a message into view, as far as it was loaded.
  show(messageId) {
    const line = this.#lines.get(messageId)?.made;
    line?.scrollIntoView({ block: "center" });
    line?.classList.add("shown");
    setTimeout(() => line?.classList.remove("shown"), 2000);
  }

  async #openLog() {
    this.#offLog?.();
    this.#log = this.#session.conversations.open(this.#room);
    this.#newest = this.#log.messages.at(-1)?.seq ?? 0;
    this.#offLog = this.#log.changed.on((changed) => {
      if (changed !== null) this.#changed(changed);
      else if (this.#log.loaded) this.#changed([]);
      else this.#loadOlder();
    });
    if (this.#log.loaded) this.#render();
    else await this.#loadOlder();
    this.#watch();
  }

  // The first page, or the one before what is shown.
  async #loadOlder() {
    this.#watcher.disconnect();
    if (this.#scope.closed || (this.#log.loaded && !this.#log.hasOlder)) return;
    fill(this.#older, element("p", { class: "quiet" }, "Loading…"));
    try {
      await (this.#log.loaded ? this.#log.loadOlder() : this.#log.loadLatest());
      fill(this.#older);
      this.#watch();
    } catch (error) {
      fill(
        this.#older,
        element("p", { class: "trouble", role: "alert" }, error.message),
        button("Try again", () => this.#loadOlder(), { class: "plain" }),
      );
    }
  }

  #watch() {
    if (!this.#log.loaded || !this.#log.hasOlder) {
      fill(this.#older);
      return;
    }
    fill(
      this.#older,
      button("Show earlier messages", () => this.#loadOlder(), { class: "link" }),
    );
    requestAnimationFrame(() => this.#scope.closed || this.#watcher.observe(this.#older));
  }

  #changed(messages) {
    const come = messages.filter((one) => one.seq > this.#newest);
    const first = this.#newest === 0;
    this.#newest = Math.max(this.#newest, ...come.map((one) => one.seq));
    const atEnd = this.#atEnd();
    this.#render();
    if (first) return;
    const others = come.filter((one) => !this.#session.isMe(one.sender_id));
    if (others.length > 0 && !atEnd) this.#jump.hidden = false;
    for (const one of others) this.#speak(one);
  }

  #speak(message) {
    const said =
      message.message_type === "SYSTEM"
        ? message.content
        : `${this.#session.people.name(message.sender_id)}: ${excerpt(message.content, 200)}`;
    fill(this.#spoken, element("p", {}, said));
  }

  #render({ anew = false } = {}) {
    const atEnd = this.#atEnd();
    const fromEnd = this.#scroller.scrollHeight - this.#scroller.scrollTop;
    if (anew) this.#lines.clear();
    arrange(this.#list, this.#wanted());
    if (atEnd) this.toEnd();
    else if (this.#log.messages[0]?.id !== this.#oldest)
      this.#scroller.scrollTop = this.#scroller.scrollHeight - fromEnd;
    this.#oldest = this.#log.messages[0]?.id ?? null;
    this.#readMark.look();
  }

  #wanted() {
    const wanted = [];
    const read = this.#receipts.of(this.#session, this.#room, this.#log.messages);
    let before = null;
    let isNew = false;
    for (const message of this.#log.messages) {
      if (before === null || !isSameDay(before.created_at, message.created_at))
        wanted.push(this.#day(message));
      if (
        !isNew &&
        this.#newFrom !== null &&
        message.seq > this.#newFrom &&
        !this.#session.isMe(message.sender_id)
      ) {
        isNew = true;
        // Where the first new one is further up than what is loaded, there is no line yet.
        if (before !== null || !this.#log.hasOlder) wanted.push(this.#newLine);
      }
      wanted.push(this.#line(message, isTogether(before, message)));
      if (message === read?.message) wanted.push(read.made);
      before = message;
    }
    return [...wanted, ...this.#unsentLines()];
  }

  #line(message, grouped) {
    const known = this.#lines.get(message.id);
    if (known?.message === message && known.grouped === grouped) return known.made;
    const made = messageLine(message, { grouped, context: this.#context });
    this.#lines.set(message.id, { message, grouped, made });
    return made;
  }

  #day(message) {
    const text = dayOf(message.created_at);
    if (!this.#days.has(text)) this.#days.set(text, dayLine(text));
    return this.#days.get(text);
  }

  #unsentLines() {
    const waiting = this.#session.outbox
      .of(this.#room.id)
      .filter((one) => !this.#log.hasSent(one.clientId, this.#session.user.id));
    return waiting.map((one) => {
      const known = this.#unsent.get(one.clientId);
      if (known?.state === one.state) return known.made;
      const acts = {
        again: () => this.#session.outbox.again(one.clientId),
        discard: () => this.#session.outbox.discard(one.clientId),
      };
      const made = unsentLine(one, acts);
      this.#unsent.set(one.clientId, { state: one.state, made });
      return made;
    });
  }

  #atEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight < NEAR_PX;
  }

  #scrolled() {
    if (!this.#atEnd()) return;
    this.#jump.hidden = true;
    this.#readMark.look();
  }
}

// Said by the same person, shortly after.
function isTogether(before, message) {
  return (
    before?.sender_id === message.sender_id &&
    before.message_type === "TEXT" &&
    message.message_type === "TEXT" &&
    new Date(message.created_at) - new Date(before.created_at) < TOGETHER_MS
  );
}
