// Adds an event to a calendar: as a file, or by a secret link to all events that one goes to.

import { Dialog } from "../components/dialog.js";
import { button, element, setChildren } from "../components/dom.js";
import { downloadText } from "../components/download.js";
import { toast, toastError } from "../components/toast.js";
import { t } from "../i18n.js";

const LINK = "/v1/users/me/calendar";

export function calendarDialog(session, event, path) {
  new Dialog(
    t("calendar.title"),
    element("p", {}, event.series ? t("calendar.file_of_series") : t("calendar.file_of_event")),
    element(
      "p",
      {},
      button(t("calendar.download"), () => download(session, event, path), { class: "primary" }),
    ),
    element("h3", {}, t("calendar.subscribe")),
    element("p", {}, t("calendar.subscribe_hint")),
    subscription(session),
  ).open();
}

async function download(session, event, path) {
  try {
    downloadText(await session.api.text(`${path}/calendar.ics`), event.title, "ics", "text/calendar");
  } catch (error) {
    toastError(error);
  }
}

// The link is shown only when it is created: the server knows its hash only.
function subscription(session) {
  const content = element("div", { class: "stack" });

  async function load() {
    try {
      show(null, (await session.api.get(LINK)).created_at !== null);
    } catch (error) {
      toastError(error);
    }
  }

  function show(link, exists) {
    const replace = t("calendar.replace");
    setChildren(
      content,
      link === null ? exists && element("p", { class: "hint" }, replace) : shownLink(link),
      element(
        "p",
        { class: "row wrap" },
        link === null && button(t("calendar.create"), create, { class: "plain" }),
        exists && button(t("calendar.end"), revoke, { class: "plain" }),
      ),
    );
  }

  async function create() {
    try {
      show(await session.api.post(LINK), true);
    } catch (error) {
      toastError(error);
    }
  }

  async function revoke() {
    try {
      await session.api.delete(LINK);
      show(null, false);
      toast(t("calendar.ended"));
    } catch (error) {
      toastError(error);
    }
  }

  load();
  return content;
}

function shownLink(link) {
  const input = element("input", { readonly: true, "aria-label": t("calendar.secret_link") });
  input.value = link.url;
  input.addEventListener("focus", () => input.select());

  async function copy() {
    try {
      await navigator.clipboard.writeText(link.url);
      toast(t("common.copied"));
    } catch {
      input.focus();
    }
  }

  return [
    input,
    element("p", { class: "hint" }, t("calendar.keep_secret")),
    element(
      "p",
      { class: "row wrap" },
      element("a", { href: link.url, class: "button primary" }, t("calendar.open")),
      button(t("calendar.copy"), copy, { class: "plain" }),
    ),
  ];
}
