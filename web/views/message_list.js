// The messages of an open conversation:
//
//     timeline (a window of the history) -> rows, rebuilt only where a message changed -> scroll area
//
// It opens at the first unread message. At the end it follows new messages; elsewhere the message at the top
// of the screen keeps its place whatever is added or removed around it.

import { BatchedTask } from "../components/batched_task.js";
import { button, element } from "../components/dom.js";
import { MessageAnnouncer } from "../components/message_announcer.js";
import { toast, toastError } from "../components/toast.js";
import { UnreadBar } from "../components/unread_bar.js";
import { t } from "../i18n.js";
import { HistoryEdges } from "./history_edges.js";
import { MessageActions } from "./message_actions.js";
import { MessageClicks } from "./message_clicks.js";
import { editInPlace } from "./message_editing.js";
import { MessageRows } from "./message_rows.js";
import { ReadMarker } from "./read_marker.js";
import { ScrollPosition } from "./scroll_position.js";
import { UnreadPosition } from "./unread_position.js";

// The part of the screen that a page is.
const PAGE = 0.9;

export class MessageList {
  #session;
  #conversation;
  #scope;
  #timeline = null;
  #clicks;
  #edit;
  #readMarker;

  #rows;
  #position;
  #announcer;
  #unread;
  #newestSeq = 0;
  #pinned = false;
  // Names or quoted messages changed, which all rows may contain.
  #isOutdated = false;
  #rendering = new BatchedTask(() => this.#render());

  #unreadBar = new UnreadBar({
    onJump: () => this.jumpToLatest(),
    onMarkRead: () => this.#markAllRead(),
  });
  #jump = button(`${t("messages.jump_to_latest")} ↓`, () => this.jumpToLatest(), {
    class: "primary pill jump-to-latest",
    hidden: true,
  });
  #edges;
  #area = element("div", { class: "scroll-area", role: "region", "aria-label": t("messages.title") });
  #resizes = new ResizeObserver(() => this.#pinned && this.#position.toEnd());

  // `composer`: reply(message), focus().
  constructor(session, conversation, scope, composer) {
    this.#session = session;
    this.#conversation = conversation;
    this.#scope = scope;
    this.#rows = new MessageRows(session, conversation);
    this.#unread = new UnreadPosition(session, conversation);
    this.#edges = new HistoryEdges(scope);
    this.#area.append(this.#edges.older, this.#rows.element, this.#edges.newer);
    this.#position = new ScrollPosition(this.#area, this.#rows);
    this.#announcer = new MessageAnnouncer(session, scope);
    const actions = new MessageActions(session, conversation);
    const shown = { render: () => this.#render(), done: composer.focus };
    this.#edit = (message) => editInPlace(message, this.#rows, actions, session.drafts, shown);
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
      focusComposer: composer.focus,
    });
    this.#readMarker = new ReadMarker(session, conversation, scope, {
      lastVisibleSeq: () => this.#lastVisibleSeq(),
      onSeen: (seq) => this.#timeline && this.#unread.onSeen(seq, this.#timeline),
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
    const unread = this.#unread.begin();
    this.#timeline = this.#session.conversations.openTimeline(this.#conversation);
    this.#newestSeq = this.#timeline.messages.at(-1)?.seq ?? 0;
    this.#edges.begin(this.#timeline, this.#area, this.#rows.element);
    this.#scope.keep(this.#timeline.changed.on((messages) => this.#onChanged(messages)));
    this.#scope.keep(this.#timeline.quotesChanged.on(() => this.#rebuild()));
    if (at.seq !== undefined) {
      await this.jumpTo(at.seq - 1, { focus: false });
      return;
    }
    if (at.messageId !== undefined && (await this.#showMessage(at.messageId, { focus: false }))) return;
    if (this.#scope.closed) return;
    await this.#edges.replace(
      () => this.#loadStart(),
      () => this.#showStart(unread),
    );
  }

  #showStart(unread) {
    if (this.#rows.newDivider.isConnected) this.#position.toRow(this.#rows.newDivider, 0.2);
    else this.#position.toEnd();
    this.#onScroll();
    if (unread > 0 && !this.#pinned) this.#unreadBar.show(unread);
  }

  // Also loads the newest messages, if the window is elsewhere.
  async jumpToLatest() {
    const toEnd = () => {
      const controls = [this.#unreadBar.element, this.#jump];
      const hadFocus = controls.some((one) => one.contains(document.activeElement));
      this.#unreadBar.hide();
      this.#position.toEnd();
      this.#onScroll();
      if (hadFocus) this.#rows.focusLast();
    };
    if (this.#timeline.hasNewer) await this.#edges.replace(() => this.#timeline.loadLatest(), toEnd);
    else toEnd();
  }

  // After the user sent a message.
  onSent() {
    this.#unread.clear();
    this.jumpToLatest();
  }

  // One screen up (-1) or down (1).
  scrollPage(step) {
    this.#area.scrollTop += step * this.#area.clientHeight * PAGE;
  }

  editLast() {
    const isMine = (one) =>
      this.#session.isMe(one.sender_id) && one.message_type === "TEXT" && !one.deleted_at;
    const last = this.#timeline?.messages.findLast(isMine);
    if (last) this.#edit(last);
  }

  // Shows the first message after `seq`, wherever it is in the history. The arrow keys go on from there.
  async jumpTo(seq, { focus = true } = {}) {
    this.#unreadBar.hide();
    this.#pinned = false;
    await this.#edges.replace(
      () => this.#timeline.loadAround(seq),
      () => {
        const { messages } = this.#timeline;
        const message = messages.find((one) => one.seq > seq) ?? messages.at(-1);
        if (message) this.#position.highlight(message.id, focus);
      },
    );
    if (!this.#scope.closed) this.#onScroll();
  }

  #loadStart() {
    const { readSeq, newAfter } = this.#unread;
    const { loaded, hasOlder, hasNewer, messages } = this.#timeline;
    if (newAfter === null) {
      if (!loaded || hasNewer) return this.#timeline.loadLatest();
    } else if (!loaded || (hasOlder && messages[0].seq > readSeq) || messages.at(-1)?.seq <= readSeq) {
      return this.#timeline.loadAround(readSeq);
    }
    this.#render();
    return Promise.resolve();
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
    scope.keep(users.changed.on(() => this.#rebuild()));
    scope.keep(unsent.changed.on((id) => id === conversation.id && this.#rendering.request()));
    const onConnection = () => unsent.of(conversation.id).length > 0 && this.#rendering.request();
    scope.keep(socket.changed.on(onConnection));
    scope.listen(window, "online", onConnection);
    scope.listen(window, "offline", onConnection);
    scope.keep(() => {
      this.#resizes.disconnect();
      this.#rendering.cancel();
    });
  }

  // `messages`: those that changed, or null when the window was replaced.
  #onChanged(messages) {
    if (!this.#timeline.loaded) {
      this.#edges.replace(
        () => this.#timeline.loadLatest(),
        () => null,
      );
      return;
    }
    const newest = this.#timeline.messages.at(-1)?.seq ?? 0;
    const arrived = (messages ?? []).filter(
      (one) => one.seq > this.#newestSeq && !this.#session.isMe(one.sender_id),
    );
    this.#newestSeq = Math.max(this.#newestSeq, newest);
    if (arrived.length > 0) {
      this.#unread.onArrived();
      if (!this.#pinned) this.#jump.hidden = false;
      this.#announcer.announce(arrived);
    }
    if (messages === null) this.#render();
    else this.#rendering.request();
    if (messages === null) this.#edges.watch();
    else this.#edges.update();
  }

  #rebuild() {
    this.#isOutdated = true;
    this.#rendering.request();
  }

  #render() {
    this.#rendering.cancel();
    if (!this.#timeline?.loaded) return;
    const saved = this.#pinned ? null : this.#position.save();
    this.#rows.render(this.#timeline, this.#unread.newAfter, this.#isOutdated);
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

  #markUnread(message) {
    this.#unread.mark(message, this.#timeline);
    this.#render();
    toast(t("messages.marked_unread"));
  }

  #markAllRead() {
    if (this.#unreadBar.element.contains(document.activeElement)) this.#rows.focusActive();
    this.#unreadBar.hide();
    this.#unread.clear();
    this.#readMarker.mark(this.#conversation.info.last_seq);
    this.#render();
  }

  // Shows a message wherever it is in the history. Returns whether it exists.
  async #showMessage(messageId, { focus = true } = {}) {
    if (this.#timeline.find(messageId)) {
      this.#pinned = false;
      // A timeline that was loaded before has no rows yet.
      this.#render();
      this.#position.highlight(messageId, focus);
      this.#onScroll();
      return true;
    }
    try {
      const { seq } = await this.#timeline.read(messageId);
      if (!this.#scope.closed) await this.jumpTo(seq - 1, { focus });
      return true;
    } catch (error) {
      if (error.status === 404) toast(t("messages.not_there"));
      else toastError(error);
      return false;
    }
  }
}
