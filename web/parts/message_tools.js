// What one may do with a message, behind one button: react, reply, and, as far as it is one's to do, edit,
// delete or report it.

import { button, element, fill, hidden } from "./dom.js";
import { icon } from "./icons.js";

const EMOJI = ["👍", "❤️", "😂", "🎉", "😮", "😢"];

export function messageTools(message, { mine, context }) {
  const { session, room, acts } = context;
  const menu = element("div", {
    class: "tools-menu",
    role: "group",
    "aria-label": "What to do with this message",
    hidden: true,
  });
  const opener = element(
    "button",
    {
      type: "button",
      class: "bare opener",
      "aria-expanded": "false",
      onclick: () => (menu.hidden ? open() : close()),
    },
    icon("more"),
    hidden("More"),
  );
  const tools = element("div", { class: "tools" }, opener, menu);

  function open() {
    const may = mine || room.info.admins.includes(session.user.id);
    fill(
      menu,
      element(
        "div",
        { class: "row" },
        EMOJI.map((emoji) =>
          act(
            element("span", { class: "emoji" }, emoji),
            () => acts.react(message, emoji, true),
            `React with ${emoji}`,
          ),
        ),
      ),
      act("Reply", () => acts.reply(message)),
      mine && act("Edit", () => acts.edit(message)),
      may && act("Delete", () => acts.remove(message)),
      !mine && act("Report", () => acts.report(message)),
    );
    menu.hidden = false;
    opener.setAttribute("aria-expanded", "true");
    place();
    menu.querySelector("button").focus();
  }

  // Inside of what is seen, wherever its message stands.
  function place() {
    menu.classList.remove("above", "leftwards", "rightwards");
    const shown = menu.closest(".scroller").getBoundingClientRect();
    const { bottom, left, right } = menu.getBoundingClientRect();
    menu.classList.toggle("above", bottom > shown.bottom);
    menu.classList.toggle("leftwards", right > shown.right);
    menu.classList.toggle("rightwards", left < shown.left);
  }

  function close() {
    menu.hidden = true;
    menu.replaceChildren();
    opener.setAttribute("aria-expanded", "false");
  }

  function act(text, doIt, label = null) {
    return button(
      text,
      () => {
        close();
        opener.focus();
        doIt();
      },
      { class: "tool", "aria-label": label },
    );
  }

  tools.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || menu.hidden) return;
    event.stopPropagation();
    close();
    opener.focus();
  });
  tools.addEventListener("focusout", (event) => {
    if (!menu.hidden && !tools.contains(event.relatedTarget)) close();
  });
  return tools;
}
