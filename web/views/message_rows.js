// The rows of a message list: messages, day and "New" dividers, receipts and unsent messages. A row is built
// again only if its message changed. One row at a time is in the tab order; up and down move between rows, left and
// right between the controls of a row.

import { element, reconcile } from "../components/dom.js";
import {
  dayDivider,
  foldRow,
  messageRow,
  newDivider,
  unsentRow,
  usersName,
} from "../components/message_row.js";
import { dayLabel, isSameDay } from "../components/time_format.js";
import { t } from "../i18n.js";
import { summarize } from "../state/system_messages.js";
import { Receipts } from "./receipts.js";

const GROUP_MS = 5 * 60_000;
// Runs of this many system messages are one row.
const MIN_FOLDED = 3;
const CONTROLS = "a, button, pre";
// A message may have lists of its own.
const ROW = ".message-rows > li";

export class MessageRows {
  #session;
  #conversation;
  #context;
  #timeline = null;
  #receipts = new Receipts();
  #messages = new Map();
  #days = new Map();
  #unsent = new Map();
  #folds = new Map();
  #expanded = new Set();
  #activeRow = null;
  // The row in place of a message while its text is changed: {messageId, row}, or null.
  #editor = null;
  #empty = element("li", { class: "empty-state secondary" }, t("messages.no_messages"));

  constructor(session, conversation) {
    this.#session = session;
    this.#conversation = conversation;
    this.#context = { session, conversation, findQuoted: (id) => this.#timeline.quoted(id) };
    this.newDivider = newDivider();
    this.element = element("ol", { class: "plain-list message-rows" });
    this.element.addEventListener("focusin", (event) => this.#setActive(event.target.closest(ROW)));
    this.element.addEventListener("keydown", (event) => this.#onKey(event));
  }

  // `newAfter`: the seq after which messages of others are new, or null. `rebuild`: names or quoted messages changed.
  render(timeline, newAfter, rebuild) {
    this.#timeline = timeline;
    if (rebuild) this.#messages.clear();
    const focused = this.#focused();
    reconcile(this.element, this.#wanted(newAfter));
    if (focused !== null) this.#focusAgain(focused);
    this.#forget();
    if (!this.#activeRow?.isConnected) this.#setActive(this.messageElements().at(-1) ?? null);
  }

  // Shows the system messages that follow that one.
  expand(messageId) {
    this.#expanded.add(messageId);
  }

  // Shows `row` in place of a message, or the message again for null.
  setEditor(editor) {
    this.#editor = editor;
  }

  find(messageId) {
    if (this.#editor !== null && messageId === this.#editor.messageId) return this.#editor.row;
    return this.#messages.get(messageId)?.row ?? null;
  }

  // The row in the tab order has the focus.
  focusActive() {
    this.#activeRow?.focus({ preventScroll: true });
  }

  focusLast() {
    this.messageElements().at(-1)?.focus({ preventScroll: true });
  }

  messageElements() {
    return [...this.element.querySelectorAll(":scope > [data-seq]")];
  }

  #wanted(newAfter) {
    const { messages, hasOlder, hasNewer } = this.#timeline;
    const receipt = hasNewer ? null : this.#receipts.of(this.#session, this.#conversation, messages);
    const isNew = (one) => newAfter !== null && one.seq > newAfter && !this.#session.isMe(one.sender_id);
    const firstNew = messages.find(isNew);
    const wanted = [];
    let before = null;
    let folded = 0;
    messages.forEach((message, index) => {
      if (folded > 0) {
        folded -= 1;
        before = message;
        return;
      }
      if (before === null || !isSameDay(before.created_at, message.created_at))
        wanted.push(this.#dayRow(message));
      // At the top of a window the first new message may be further up.
      if (message === firstNew && (before !== null || !hasOlder)) wanted.push(this.newDivider);
      const run = this.#foldable(messages, index, firstNew);
      folded = Math.max(0, run.length - 1);
      wanted.push(
        run.length > 0 ? this.#foldRow(run) : this.#messageRow(message, isGrouped(before, message)),
      );
      if (message === receipt?.message) wanted.push(receipt.row);
      before = message;
    });
    if (!hasNewer) wanted.push(...this.#unsentRows());
    return wanted.length > 0 ? wanted : [this.#empty];
  }

  #messageRow(message, grouped) {
    if (message.id === this.#editor?.messageId) {
      if (message.deleted_at === null) return this.#editor.row;
      this.#editor = null;
    }
    const known = this.#messages.get(message.id);
    if (known?.message === message && known.grouped === grouped) return known.row;
    const row = messageRow(message, { grouped, context: this.#context });
    this.#messages.set(message.id, { message, grouped, row });
    return row;
  }

  // The run of system messages that begins at `index`, if it is folded.
  #foldable(messages, index, firstNew) {
    const isSystem = (one) => one?.message_type === "SYSTEM";
    const first = messages[index];
    if (!isSystem(first) || isSystem(messages[index - 1]) || this.#expanded.has(first.id)) return [];
    let end = index + 1;
    while (
      isSystem(messages[end]) &&
      messages[end] !== firstNew &&
      isSameDay(first.created_at, messages[end].created_at)
    )
      end += 1;
    return end - index >= MIN_FOLDED ? messages.slice(index, end) : [];
  }

  #foldRow(run) {
    const texts = run.map((one) => one.content);
    const nameOf = (username) => usersName(this.#session, username);
    const summary = summarize(texts, nameOf, this.#session.user.username);
    const key = `${run[0].id} ${summary}`;
    if (!this.#folds.has(key)) this.#folds.set(key, foldRow(summary, run[0].id, run.at(-1).seq));
    return this.#folds.get(key);
  }

  #dayRow(message) {
    const text = dayLabel(message.created_at);
    if (!this.#days.has(text)) this.#days.set(text, dayDivider(text));
    return this.#days.get(text);
  }

  #unsentRows() {
    const { unsent, socket, user } = this.#session;
    const messages = unsent
      .of(this.#conversation.id)
      .filter((one) => !this.#timeline.hasSent(one.clientId, user.id));
    // The socket takes a while to find out that the network is gone.
    const isOnline = socket.isLive && navigator.onLine;
    return messages.map((one) => {
      const key = `${one.state} ${isOnline}`;
      const known = this.#unsent.get(one.clientId);
      if (known?.key === key) return known.row;
      const row = unsentRow(one, isOnline);
      this.#unsent.set(one.clientId, { key, row });
      return row;
    });
  }

  // Rows outside of the window are dropped.
  #forget() {
    for (const [id, { row }] of this.#messages) if (!row.isConnected) this.#messages.delete(id);
    for (const [text, row] of this.#days) if (!row.isConnected) this.#days.delete(text);
    for (const [key, row] of this.#folds) if (!row.isConnected) this.#folds.delete(key);
    for (const [id, { row }] of this.#unsent) if (!row.isConnected) this.#unsent.delete(id);
  }

  // --- keyboard

  #onKey(event) {
    const row = event.target.closest(ROW);
    if (row === this.#editor?.row || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      const rows = this.messageElements();
      // An unsent message is below all of them.
      const index = rows.includes(row) ? rows.indexOf(row) : rows.length;
      rows[index + (event.key === "ArrowDown" ? 1 : -1)]?.focus();
      event.preventDefault();
    } else if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      const stops = stopsOf(row);
      const step = event.key === "ArrowRight" ? 1 : -1;
      stops.at((stops.indexOf(event.target) + step) % stops.length).focus();
      event.preventDefault();
    } else if (event.key === "Enter" && event.target === row) {
      row.querySelector('[data-action="menu"]')?.click();
      event.preventDefault();
    }
  }

  // The row that has the focus, and which of its controls; or null.
  #focused() {
    const row = document.activeElement?.closest(ROW);
    if (!row || !this.element.contains(row)) return null;
    const { key, first } = row.dataset;
    const index = key === undefined ? 0 : stopsOf(row).indexOf(document.activeElement);
    return { row, messageId: key ?? first, index };
  }

  // A row that was built again has the focus where the old one had it. The messages of a folded run may be shown now.
  #focusAgain({ row, messageId, index }) {
    const built = this.find(messageId) ?? this.element.querySelector(`[data-first="${messageId}"]`);
    if (row.isConnected || built === null || built === this.#editor?.row) return;
    (stopsOf(built)[index] ?? built).focus({ preventScroll: true });
  }

  #setActive(row) {
    if (row === this.#activeRow) return;
    if (this.#activeRow?.hasAttribute("tabindex")) this.#activeRow.tabIndex = -1;
    this.#activeRow = row;
    if (row?.hasAttribute("tabindex")) row.tabIndex = 0;
  }
}

// What the arrow keys left and right reach in a row.
function stopsOf(row) {
  return [row, ...row.querySelectorAll(CONTROLS)];
}

// Sent by the same user shortly after.
function isGrouped(before, message) {
  return (
    before?.sender_id === message.sender_id &&
    before.message_type === "TEXT" &&
    message.message_type === "TEXT" &&
    new Date(message.created_at) - new Date(before.created_at) < GROUP_MS
  );
}
