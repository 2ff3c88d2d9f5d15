// One open conversation: header, messages, typing line and composer.

import { conversationAvatar, conversationName, otherUser } from "../components/conversation_name.js";
import { button, element, errorText, setChildren, skeleton } from "../components/dom.js";
import { icon } from "../components/icons.js";
import { messageComposer } from "../components/message_composer.js";
import { relativeTime } from "../components/time_format.js";
import { t, tParts } from "../i18n.js";
import { Scope } from "../state/signal.js";
import { isDeleted } from "../state/user_cards.js";
import { conversationDetails } from "./conversation_details.js";
import { MessageList } from "./message_list.js";
import { Typing } from "./typing.js";

// `at`: the message to show first, see `MessageList.open`.
export function conversationPane(session, id, scope, at = {}) {
  const pane = element("div", { class: "conversation" }, placeholder(skeleton()));
  // Closed when the user leaves the conversation, which may be joined again while it is displayed.
  let membership = new Scope();
  let left = false;

  async function load() {
    left = false;
    try {
      const conversation = await session.conversations.get(id);
      if (!scope.closed) show(conversation);
    } catch (error) {
      left = error.status === 404;
      const retry = button(t("common.try_again"), retryLoading, { class: "plain" });
      const problem = element("div", { class: "empty-state" }, errorText(error.message), retry);
      setChildren(pane, placeholder(left ? t("messages.not_found") : problem));
    }
  }

  function retryLoading() {
    setChildren(pane, placeholder(skeleton()));
    load();
  }

  function show(conversation) {
    const typing = new Typing(session, conversation, membership);
    const list = new MessageList(session, conversation, membership, {
      reply: (message) => composer.reply(message),
      focus: () => composer.focus(),
    });
    const composer = messageComposer(session, conversation, {
      onSent: () => list.onSent(),
      onTyping: (hasText) => typing.update(hasText),
      onEditLast: () => list.editLast(),
      onPage: (step) => list.scrollPage(step),
    });
    const header = paneHeader(session, conversation, membership, list);
    const hadFocus = pane.contains(document.activeElement);
    setChildren(pane, header, list.element, typing.element, composer.element);
    list.open(at);
    if (matchMedia("(pointer: fine)").matches) composer.focus();
    else if (hadFocus) header.querySelector("h2").focus({ preventScroll: true });
  }

  function onRemoved(removedId) {
    if (removedId !== id) return;
    left = true;
    membership.close();
    membership = new Scope();
    setChildren(pane, placeholder(t("messages.removed")));
  }

  scope.keep(session.conversations.removed.on(onRemoved));
  scope.keep(
    session.conversations.changed.on(
      (conversation) => left && conversation?.id === id && !conversation.closed && load(),
    ),
  );
  scope.keep(() => membership.close());
  load();
  return pane;
}

function paneHeader(session, conversation, scope, list) {
  const avatarArea = element("span", { class: "row" });
  const heading = element("h2", { tabindex: "-1", dir: "auto", class: "one-line" });
  const state = element("div", { class: "secondary one-line" });
  const details = element(
    "button",
    {
      type: "button",
      class: "icon-button",
      "aria-label": t("messages.details"),
      onclick: () => conversationDetails(session, conversation, list),
    },
    icon("more"),
  );
  let shownName = "";
  let shownState = "";

  // What did not change is kept: the user may have the focus there.
  function show() {
    const { info } = conversation;
    const other = otherUser(conversation, session);
    const user = other !== null && !isDeleted(other) ? other : null;
    const name = conversationName(conversation, session);
    const presence = user && session.presence.of(user.id);
    if (`${user?.username} ${name}` !== shownName) {
      shownName = `${user?.username} ${name}`;
      setChildren(heading, user ? element("a", { href: `#/@${user.username}` }, name) : name);
      setChildren(avatarArea, conversationAvatar(conversation, session, { size: "small" }));
    }
    const key = JSON.stringify([user?.username, info.member_count, info.muted, presence]);
    if (key === shownState) return;
    shownState = key;
    const isGroup = info.type === "GROUP";
    setChildren(
      state,
      user && [`@${user.username}`, presenceText(presence)],
      isGroup && t("messages.members", { count: info.member_count }),
      info.muted && [(user || isGroup) && " · ", t("messages.muted")],
    );
  }

  scope.keep(session.conversations.changed.on((one) => one === conversation && show()));
  scope.keep(session.users.changed.on(show));
  scope.keep(session.presence.changed.on(show));
  show();
  return element(
    "header",
    { class: "row conversation-header" },
    backLink(),
    avatarArea,
    element("div", { class: "grow" }, heading, state),
    details,
  );
}

// With a dot before it; null if nothing is known.
function presenceText({ status, last_seen: lastSeen }) {
  if (status === "online") return ` · ${t("presence.online")}`;
  if (status === "away") return ` · ${t("presence.away")}`;
  return lastSeen && [" · ", tParts("presence.last_seen", { time: relativeTime(lastSeen, { ago: true }) })];
}

function backLink() {
  return element(
    "a",
    { href: "#/messages", class: "icon-button back", "aria-label": t("messages.back") },
    icon("back"),
  );
}

// `content`: a text, or an element: a placeholder while the conversation is loaded, or a problem.
function placeholder(content) {
  return [
    element(
      "header",
      { class: "row conversation-header" },
      backLink(),
      element("h2", { tabindex: "-1" }, t("messages.conversation")),
    ),
    typeof content === "string"
      ? element("p", { class: "secondary centered", role: "status" }, content)
      : element("div", { class: "scroll-area" }, content),
  ];
}
