// The messages of an open conversation:
//
//     timeline (a window of the history) -> rows, rebuilt only where a message changed -> scroll area
//
// It opens at the first unread message. At the end it follows new messages; elsewhere the message at the top
// of the screen keeps its place whatever is added or removed around it.

import { BatchedTask } from "../components/batched_task.js";
import { button, element, errorText, loadingText, setChildren } from "../components/dom.js";
import { isInFront } from "../components/in_front.js";
import { MessageAnnouncer } from "../components/message_announcer.js";
import { toast, toastError } from "../components/toast.js";
import { UnreadBar } from "../components/unread_bar.js";
import { t } from "../i18n.js";
import { MessageActions } from "./message_actions.js";
import { MessageClicks } from "./message_clicks.js";
import { editInPlace } from "./message_editing.js";
import { MessageRows } from "./message_rows.js";
import { ReadMarker } from "./read_marker.js";
import { ScrollPosition } from "./scroll_position.js";

const PRELOAD_PX = 600;
const HIGHLIGHT_MS = 2_000;

export class MessageList {
  #session;
  #conversation;
  #scope;
  #timeline = null;
  #offTimeline = null;
  #clicks;
  #edit;
  #readMarker;

  #rows;
  #position;
  #announcer;
  // The "New" divider is placed before the first message of others after this seq.
  #newAfter = null;
  // The seq up to which the user had read when the conversation was opened.
  #readSeq = 0;
  // The user marked it as unread while it is open.
  #keepsUnread = false;
  #newestSeq = 0;
  #pinned = false;
  #watched = "";
  // Texts that rows take from elsewhere changed.
  #isOutdated = false;
  #rendering = new BatchedTask(() => this.#render());

  #older = element("div", { class: "load-older" });
  #newer = element("div", { class: "load-newer" });
  #unreadBar = new UnreadBar({
    onJump: () => this.jumpToLatest(),
    onMarkRead: () => this.#markAllRead(),
  });
  #jump = button(`${t("messages.jump_to_latest")} ↓`, () => this.jumpToLatest(), {
    class: "primary pill jump-to-latest",
    hidden: true,
  });
  #area = element(
    "div",
    { class: "scroll-area", role: "region", "aria-label": t("messages.title") },
    this.#older,
    this.#newer,
  );
  #edges = new IntersectionObserver((entries) => this.#onEdge(entries), {
    root: this.#area,
    rootMargin: `${PRELOAD_PX}px 0px`,
  });
  #resizes = new ResizeObserver(() => this.#pinned && this.#position.toEnd());

  // `composer`: reply(message), focus().
  constructor(session, conversation, scope, composer) {
    this.#session = session;
    this.#conversation = conversation;
    this.#scope = scope;
    this.#rows = new MessageRows(session, conversation);
    this.#older.after(this.#rows.element);
    this.#position = new ScrollPosition(this.#area, this.#rows);
    this.#announcer = new MessageAnnouncer(session.users, scope);
    const actions = new MessageActions(session, conversation);
    const shown = { render: () => this.#render(), done: composer.focus };
    this.#edit = (message) => editInPlace(message, this.#rows, actions, shown);
    this.#clicks = new MessageClicks(session, actions, {
      find: (id) => this.#timeline.find(id),
      showQuoted: (id) => this.#showMessage(id),
      expand: (id) => {
        this.#rows.expand(id);
        this.#render();
      },
      reply: composer.reply,
      edit: this.#edit,
      markUnread: (message) => this.#markUnread(message),
    });
    this.#readMarker = new ReadMarker(session, conversation, scope, {
      lastVisibleSeq: () => this.#lastVisibleSeq(),
      onSeen: (seq) => this.#onSeen(seq),
    });
    this.element = element(
      "div",
      { class: "scroll-container" },
      this.#unreadBar.element,
      this.#area,
      this.#jump,
      this.#announcer.element,
      this.#clicks.menu,
    );
    this.#listen();
  }

  // `at`: the `seq` or the `messageId` of the message to show; else the first unread or the latest one.
  async open(at = {}) {
    const { info, id } = this.#conversation;
    const { conversations, unreadMarks } = this.#session;
    const unread = conversations.unreadOf(this.#conversation);
    this.#readSeq = Math.min(info.read_seq, (unreadMarks.get(id)?.seq ?? Infinity) - 1);
    this.#newAfter = unread > 0 ? this.#readSeq : null;
    this.#timeline = this.#session.conversations.open(this.#conversation);
    const offChanged = this.#timeline.changed.on((messages) => this.#onChanged(messages));
    const offQuotes = this.#timeline.quotesChanged.on(() => {
      this.#isOutdated = true;
      this.#rendering.request();
    });
    this.#offTimeline = () => {
      offChanged();
      offQuotes();
    };
    if (at.seq !== undefined) {
      await this.jumpTo(at.seq - 1);
      return;
    }
    if (at.messageId !== undefined && (await this.#showMessage(at.messageId))) return;
    const loaded = await this.#load(() => this.#loadStart());
    if (!loaded || this.#scope.closed) return;
    if (this.#rows.newDivider.isConnected) this.#position.toRow(this.#rows.newDivider, 0.2);
    else this.#position.toEnd();
    this.#onScroll();
    if (unread > 0 && !this.#pinned) this.#unreadBar.show(unread);
  }

  // Also loads the newest messages, if the window is elsewhere.
  async jumpToLatest() {
    this.#unreadBar.hide();
    if (this.#timeline.hasNewer && !(await this.#load(() => this.#timeline.loadLatest()))) return;
    this.#position.toEnd();
    this.#onScroll();
  }

  // After the user sent a message.
  onSent() {
    this.#newAfter = null;
    this.#session.unreadMarks.clear(this.#conversation.id);
    this.jumpToLatest();
  }

  editLast() {
    const isMine = (one) =>
      this.#session.isMe(one.sender_id) && one.message_type === "TEXT" && !one.deleted_at;
    const last = this.#timeline?.messages.findLast(isMine);
    if (last) this.#edit(last);
  }

  // Shows the first message after `seq`, wherever it is in the history.
  async jumpTo(seq) {
    this.#unreadBar.hide();
    this.#pinned = false;
    if (!(await this.#load(() => this.#timeline.loadAround(seq)))) return;
    const message = this.#timeline.messages.find((one) => one.seq > seq) ?? this.#timeline.messages.at(-1);
    if (message) this.#highlight(message.id);
    this.#onScroll();
  }

  #loadStart() {
    const readSeq = this.#readSeq;
    const { loaded, hasOlder, hasNewer, messages } = this.#timeline;
    if (this.#newAfter === null) {
      if (!loaded || hasNewer) return this.#timeline.loadLatest();
    } else if (!loaded || (hasOlder && messages[0].seq > readSeq) || messages.at(-1)?.seq <= readSeq) {
      return this.#timeline.loadAround(readSeq);
    }
    this.#render();
    return Promise.resolve();
  }

  // Runs one read of the timeline and shows its progress and its error. Returns whether it succeeded.
  async #load(read, place = this.#older) {
    this.#edges.disconnect();
    setChildren(place, loadingText());
    try {
      await read();
      setChildren(place);
      this.#watchEdges();
      return true;
    } catch (error) {
      const retry = button(t("common.try_again"), () => this.#load(read, place), { class: "plain" });
      setChildren(place, errorText(error.message), retry);
      return false;
    }
  }

  #edgeKey() {
    return `${this.#timeline.hasOlder} ${this.#timeline.hasNewer}`;
  }

  #watchEdges() {
    this.#edges.disconnect();
    this.#watched = this.#edgeKey();
    if (!this.#timeline.loaded || this.#scope.closed) return;
    if (this.#timeline.hasOlder) this.#edges.observe(this.#older);
    if (this.#timeline.hasNewer) this.#edges.observe(this.#newer);
  }

  #onEdge(entries) {
    const reached = entries.filter((one) => one.isIntersecting).map((one) => one.target);
    if (reached.includes(this.#older)) this.#load(() => this.#timeline.loadOlder(), this.#older);
    else if (reached.includes(this.#newer)) this.#load(() => this.#timeline.loadNewer(), this.#newer);
  }

  // --- changes

  #listen() {
    const scope = this.#scope;
    const conversation = this.#conversation;
    this.#area.addEventListener("scroll", () => this.#onScroll(), { passive: true });
    this.#clicks.listen(this.#area);
    this.#resizes.observe(this.#area);
    const { socket, unsent, users } = this.#session;
    scope.keep(conversation.receipts.on(() => this.#rendering.request()));
    scope.keep(users.changed.on(() => this.#render({ rebuild: true })));
    scope.keep(unsent.changed.on((id) => id === conversation.id && this.#rendering.request()));
    scope.keep(socket.changed.on(() => unsent.of(conversation.id).length > 0 && this.#rendering.request()));
    scope.keep(() => {
      this.#edges.disconnect();
      this.#resizes.disconnect();
      this.#offTimeline?.();
      this.#rendering.cancel();
    });
  }

  // `messages`: those that changed, or null when the window was replaced.
  #onChanged(messages) {
    if (!this.#timeline.loaded) {
      this.#load(() => this.#timeline.loadLatest());
      return;
    }
    const newest = this.#timeline.messages.at(-1)?.seq ?? 0;
    const arrived = (messages ?? []).filter(
      (one) => one.seq > this.#newestSeq && !this.#session.isMe(one.sender_id),
    );
    this.#newestSeq = Math.max(this.#newestSeq, newest);
    if (arrived.length > 0) {
      // What arrives while the window is not in front is unread: mark where it begins.
      if (!isInFront() && !(this.#newAfter > this.#conversation.info.read_seq))
        this.#newAfter = this.#conversation.info.read_seq;
      if (!this.#pinned) this.#jump.hidden = false;
      this.#announcer.announce(arrived);
    }
    if (messages === null) this.#render();
    else this.#rendering.request();
    if (messages === null || this.#watched !== this.#edgeKey()) this.#watchEdges();
  }

  #render({ rebuild = false } = {}) {
    this.#rendering.cancel();
    if (!this.#timeline?.loaded) return;
    const saved = this.#pinned ? null : this.#position.save();
    this.#rows.render(this.#timeline, this.#newAfter, rebuild || this.#isOutdated);
    this.#isOutdated = false;
    if (this.#pinned) this.#position.toEnd();
    else this.#position.restore(saved);
    this.#readMarker.update();
  }

  // --- scrolling

  #onScroll() {
    if (!this.#timeline?.loaded) return;
    this.#pinned = !this.#timeline.hasNewer && this.#position.isAtEnd;
    this.#timeline.keepsNewest = this.#pinned;
    this.#jump.hidden = this.#pinned || (!this.#timeline.hasNewer && !this.#position.isFarFromEnd);
    if (this.#pinned) this.#unreadBar.hide();
    this.#readMarker.update();
  }

  #lastVisibleSeq() {
    if (!this.#timeline?.loaded || !this.#area.isConnected) return 0;
    return this.#pinned ? (this.#timeline.messages.at(-1)?.seq ?? 0) : this.#position.lastVisibleSeq();
  }

  #highlight(messageId) {
    const row = this.#rows.find(messageId);
    if (!row) return;
    this.#position.toRow(row, 0.3);
    row.classList.add("highlighted");
    setTimeout(() => row.classList.remove("highlighted"), HIGHLIGHT_MS);
  }

  // It stays so until it is opened again and seen to its end.
  #markUnread({ seq }) {
    const { unreadMarks, user } = this.#session;
    const count = this.#timeline.countUnread(seq - 1, user.id) ?? 1;
    this.#keepsUnread = true;
    unreadMarks.set(this.#conversation.id, { seq, count });
    this.#newAfter = seq - 1;
    this.#render();
    toast(t("messages.marked_unread"));
  }

  #onSeen(seq) {
    const isEnd = !this.#timeline?.hasNewer && seq >= (this.#timeline?.messages.at(-1)?.seq ?? Infinity);
    if (isEnd && !this.#keepsUnread) this.#session.unreadMarks.clear(this.#conversation.id);
  }

  #markAllRead() {
    this.#unreadBar.hide();
    this.#session.unreadMarks.clear(this.#conversation.id);
    this.#newAfter = null;
    this.#readMarker.mark(this.#conversation.info.last_seq);
    this.#render();
  }

  // Shows a message wherever it is in the history. Returns whether it exists.
  async #showMessage(messageId) {
    if (this.#timeline.find(messageId)) {
      this.#pinned = false;
      this.#highlight(messageId);
      return true;
    }
    try {
      const { seq } = await this.#timeline.read(messageId);
      if (!this.#scope.closed) await this.jumpTo(seq - 1);
      return true;
    } catch (error) {
      if (error.status === 404) toast(t("messages.not_there"));
      else toastError(error);
      return false;
    }
  }
}
