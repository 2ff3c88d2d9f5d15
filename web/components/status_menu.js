// The user's own status: a button that opens a menu with the choices. They hold for this browser.

import { t } from "../i18n.js";
import { element, setChildren, visuallyHidden } from "./dom.js";
import { Menu } from "./menu.js";

export function statusMenu(session, scope) {
  const { presence } = session;
  const menu = new Menu(t("presence.own"));
  const opener = element("button", { type: "button", class: "plain", "aria-haspopup": "menu" });

  function show() {
    const status = presence.isAwayChosen ? "away" : "online";
    setChildren(
      opener,
      element("span", { class: "status-mark", "data-status": status, "aria-hidden": "true" }),
      visuallyHidden(`${t("presence.own")}: `),
      presence.isAwayChosen ? t("presence.away") : t("presence.online"),
    );
  }

  opener.addEventListener("click", () =>
    menu.open(opener, [
      [t("presence.be_online"), () => presence.chooseAway(false)],
      [t("presence.be_away"), () => presence.chooseAway(true)],
    ]),
  );
  scope.keep(presence.statusChanged.on(show));
  show();
  return [opener, menu.element];
}
