// The list of conversations next to the open one; narrow screens show one of them. The list stays while the
// user moves between conversations.

import { element, emptyState, setChildren, visuallyHidden } from "../components/dom.js";
import { t } from "../i18n.js";
import { Scope } from "../state/signal.js";
import { conversationList } from "./conversation_list.js";
import { conversationPane } from "./conversation_pane.js";
import { requestsPane } from "./conversation_requests.js";
import { newConversation } from "./new_conversation.js";

export function messagesView(session, parameters) {
  const scope = new Scope();
  const list = conversationList(session, scope);
  const panel = element("div", { class: "conversation-panel" });
  const heading = element("h1", { tabindex: "-1" }, visuallyHidden(t("messages.title")));
  const view = element("section", { class: "messages" }, heading, list.element, panel);
  let paneScope = new Scope();
  let isOpen = false;

  function accept({ id = null, query }) {
    paneScope.close();
    paneScope = new Scope();
    view.classList.toggle("conversation-open", id !== null);
    list.select(id);
    // After the router has moved the focus to the heading of a new view.
    if (query?.has("filter")) requestAnimationFrame(list.focusFilter);
    if (id === null) setChildren(panel, element("div", { class: "centered-state" }, nothingSelected()));
    else if (id === "new") setChildren(panel, newConversation(session));
    else if (id === "requests") setChildren(panel, requestsPane(session, paneScope));
    else setChildren(panel, conversationPane(session, id, paneScope, placeIn(query)));
    // The control that was used is gone, or hidden on a narrow screen. In a new view the router moves the focus.
    const { activeElement: focused } = document;
    if (isOpen && (focused === document.body || !focused?.checkVisibility()))
      (panel.querySelector("h2") ?? heading).focus({ preventScroll: true });
    isOpen = true;
    return true;
  }

  accept(parameters);
  return {
    title: t("messages.title"),
    element: view,
    full: true,
    accept,
    close: () => {
      paneScope.close();
      scope.close();
    },
  };
}

function nothingSelected() {
  const start = element("a", { href: "#/messages/new", class: "button plain" }, t("messages.start"));
  return emptyState(t("messages.select"), start);
}

// The message in `?at=` (its seq) or `?message=` (its id).
function placeIn(query) {
  const seq = Number(query?.get("at"));
  if (Number.isInteger(seq) && seq > 0) return { seq };
  const messageId = query?.get("message");
  return messageId ? { messageId } : {};
}
