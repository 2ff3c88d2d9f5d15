// Conversations: their list on one side, the one that is open on the other; on a narrow screen one at a
// time. The list stays while one goes from conversation to conversation.

import { element, fill } from "../parts/dom.js";
import { Scope } from "../state/signal.js";
import { newConversation } from "./new_conversation.js";
import { roomList } from "./room_list.js";
import { roomPane } from "./room_pane.js";

export function messagesView(session, parameters) {
  const scope = new Scope();
  const list = roomList(session, scope);
  const pane = element("div", { class: "room-place" });
  const both = element("section", { class: "messages" }, list.element, pane);
  let inside = new Scope();

  function accept({ id = null }) {
    inside.close();
    inside = new Scope();
    both.classList.toggle("room-open", id !== null);
    list.mark(id);
    if (id === null)
      fill(pane, element("p", { class: "quiet middle" }, "Choose a conversation, or begin one."));
    else if (id === "new") fill(pane, newConversation(session));
    else fill(pane, roomPane(session, id, inside));
    return true;
  }

  accept(parameters);
  return {
    title: "Messages",
    element: both,
    full: true,
    accept,
    close: () => {
      inside.close();
      scope.close();
    },
  };
}
