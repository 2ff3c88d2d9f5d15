// The list of conversations, by latest activity, with the last message and the unread count. A row is built
// again only if its content changed. One row at a time is in the tab order; arrow keys move between rows, and from the
// filter to the first one, which Enter in the filter opens.

import { BatchedTask } from "../components/batched_task.js";
import { conversationAvatar, conversationName, otherUser } from "../components/conversation_name.js";
import {
  button,
  element,
  emptyState,
  focusFirst,
  reconcile,
  setChildren,
  skeleton,
  visuallyHidden,
} from "../components/dom.js";
import { icon } from "../components/icons.js";
import { excerpt } from "../components/excerpt.js";
import { usersName } from "../components/message_row.js";
import { relativeTime } from "../components/time_format.js";
import { t } from "../i18n.js";
import { matchesFilter } from "../state/conversation_filter.js";
import { describe, summarize } from "../state/system_messages.js";

const PAGE = 50;
// Shorter lists have no filter.
const FILTER_FROM = 8;

export function conversationList(session, scope) {
  const { conversations } = session;
  const list = element("ul", { class: "plain-list conversation-list", onkeydown: onKey, onfocusin: onFocus });
  const footer = element("div", { class: "list-footer" });
  const filter = element("input", {
    type: "search",
    class: "conversation-filter",
    placeholder: t("messages.filter"),
    "aria-label": t("messages.filter"),
    oninput: () => rendering.request(),
    onkeydown: onFilterKey,
  });
  const requestsLink = element("a", {
    href: "#/messages/requests",
    class: "button plain requests-link",
    hidden: true,
  });
  const rows = new Map();
  let shown = PAGE;
  let selectedId = null;
  const more = button(t("common.show_more"), showMore, { class: "plain" });
  const placeholder = skeleton();
  const rendering = new BatchedTask(show);

  function show() {
    const text = filter.value.trim();
    const namesOf = (one) => [conversationName(one, session), otherUser(one, session)?.username ?? ""];
    const matches = (one) => matchesFilter(text, namesOf(one));
    const all = text ? conversations.list().filter(matches) : conversations.list();
    filter.hidden = !text && conversations.list().length < FILTER_FROM;
    const focused = document.activeElement?.closest(".conversation-list > li");
    reconcile(list, all.slice(0, shown).map(row));
    // A row that was built again, or moved, keeps the focus.
    if (focused && !list.contains(document.activeElement)) focusFirst(rows.get(focused.dataset.key)?.row);
    // Kept too: the focus may be on the button.
    if (all.length > shown) reconcile(footer, [more]);
    else if (all.length > 0) setChildren(footer);
    else reconcile(footer, [conversations.loaded ? empty(text) : placeholder]);
    if (!list.querySelector('a[tabindex="0"]')) {
      const link = list.querySelector("[aria-current]") ?? list.querySelector("a");
      if (link) link.tabIndex = 0;
    }
  }

  function empty(filtered) {
    if (filtered) return emptyState(t("messages.none_found"));
    const start = element("a", { href: "#/messages/new", class: "button primary" }, t("messages.start"));
    return emptyState(t("messages.none"), start);
  }

  function showMore() {
    const hadFocus = document.activeElement === more;
    const before = list.childElementCount;
    shown += PAGE;
    show();
    if (hadFocus) focusFirst(list.children[before]);
  }

  function row(conversation) {
    const { last_message: last, muted } = conversation.info;
    const unread = conversations.unreadOf(conversation);
    const name = conversationName(conversation, session);
    const selected = conversation.id === selectedId;
    const sender = last && session.users.name(last.sender_id);
    const draft = selected ? "" : excerpt(session.drafts.get(conversation.id).trim());
    const key = JSON.stringify([name, last, unread, muted, selected, sender, draft]);
    const known = rows.get(conversation.id);
    if (known?.key === key) return known.row;
    const link = element(
      "a",
      {
        href: `#/messages/${conversation.id}`,
        class: unread > 0 && !muted ? "conversation-row unread" : "conversation-row",
        "aria-current": selected ? "page" : null,
        tabindex: known?.row.firstElementChild.tabIndex ?? -1,
      },
      conversationAvatar(conversation, session),
      element(
        "span",
        { class: "grow" },
        element(
          "span",
          { class: "row" },
          element("span", { class: "name one-line", dir: "auto" }, name),
          muted && icon("muted"),
          muted && visuallyHidden(` ${t("messages.muted_mark")}`),
          element("span", { class: "secondary timestamp" }, last && relativeTime(last.timestamp)),
        ),
        element(
          "span",
          { class: "row" },
          element(
            "span",
            { class: "last one-line", dir: "auto" },
            draft ? t("messages.draft", { text: draft }) : lastMessage(conversation),
          ),
          unread > 0 &&
            element(
              "span",
              { class: "badge" },
              unread >= 1000 ? "999+" : unread,
              visuallyHidden(` ${t("common.unread")}`),
            ),
        ),
      ),
    );
    const made = element("li", { "data-key": conversation.id }, link);
    rows.set(conversation.id, { key, row: made });
    return made;
  }

  function lastMessage({ info }) {
    const last = info.last_message;
    if (last === null) return t("messages.no_messages");
    if (!last.content) return t("messages.deleted");
    const mine = session.isMe(last.sender_id);
    // A message of a user may begin with a name too.
    const nameOf = (username) => usersName(session, username);
    const isSystem = info.type === "GROUP" && describe(last.content, nameOf, session.user.username) !== null;
    if (isSystem) return summarize([last.content], nameOf, session.user.username);
    if (info.type === "DIRECT" && !mine) return excerpt(last.content);
    return `${mine ? t("common.you") : session.users.name(last.sender_id)}: ${excerpt(last.content)}`;
  }

  function onFocus(event) {
    const link = event.target.closest("a");
    for (const other of list.querySelectorAll('a[tabindex="0"]')) other.tabIndex = -1;
    link.tabIndex = 0;
  }

  function onFilterKey(event) {
    if (event.isComposing) return;
    // What was typed last may not be shown yet.
    show();
    const first = list.querySelector("a");
    if (first === null) return;
    if (event.key === "ArrowDown") first.focus();
    else if (event.key === "Enter" && filter.value.trim()) {
      first.click();
      filter.value = "";
      rendering.request();
    } else return;
    event.preventDefault();
  }

  function focusFilter() {
    if (list.checkVisibility()) (filter.hidden ? list.querySelector("a") : filter)?.focus();
    else location.hash = "#/messages?filter";
  }

  // Ctrl + K finds a conversation, Alt with an arrow key opens the next one, wherever the focus is.
  function onShortcut(event) {
    if (event.shiftKey || document.querySelector("dialog[open]")) return;
    const withControl = event.ctrlKey || event.metaKey;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "k" && withControl && !event.altKey) focusFilter();
    else if (step && event.altKey && !withControl) openNext(step);
    else return;
    event.preventDefault();
  }

  function openNext(step) {
    const links = [...list.querySelectorAll("a")];
    const at = links.findIndex((link) => link.hasAttribute("aria-current"));
    links[at < 0 ? 0 : at + step]?.click();
  }

  function onKey(event) {
    if (event.altKey) return;
    const li = event.target.closest("li");
    const next = { ArrowDown: li.nextElementSibling, ArrowUp: li.previousElementSibling }[event.key];
    if (next === undefined) return;
    next?.firstElementChild.focus();
    event.preventDefault();
  }

  function showRequests() {
    const { count } = session.requests;
    requestsLink.hidden = count === 0;
    setChildren(
      requestsLink,
      t("messages.requests"),
      element("span", { class: "badge" }, count > 99 ? "99+" : count),
    );
  }

  scope.listen(document, "keydown", onShortcut);
  scope.keep(session.requests.changed.on(showRequests));
  scope.keep(conversations.changed.on(() => rendering.request()));
  scope.keep(session.users.changed.on(() => rendering.request()));
  scope.keep(() => rendering.cancel());
  show();
  showRequests();
  return {
    element: element(
      "aside",
      { class: "conversations-panel", "aria-label": t("messages.conversations") },
      element(
        "div",
        { class: "row space-between conversations-header" },
        element("h2", {}, t("messages.title")),
        element(
          "a",
          {
            href: "#/messages/new",
            class: "button primary round",
            "aria-label": t("messages.new_conversation"),
          },
          icon("plus"),
        ),
      ),
      requestsLink,
      filter,
      list,
      footer,
    ),
    focusFilter,
    select: (id) => {
      selectedId = id;
      show();
    },
  };
}
