// Adds an event to a calendar: as a file, or by a secret link to all events that one goes to.

import { Dialog } from "../components/dialog.js";
import { button, element, setChildren } from "../components/dom.js";
import { downloadText } from "../components/download.js";
import { toast, toastError } from "../components/toast.js";

const LINK = "/v1/users/me/calendar";

export function calendarDialog(session, event, path) {
  new Dialog(
    "Add to calendar",
    element(
      "p",
      {},
      event.series ? "The file has all events of the series." : "The file has this event.",
      " Import it again after changes.",
    ),
    element("p", {}, button("Download file", () => download(session, event, path), { class: "primary" })),
    element("h3", {}, "Subscribe"),
    element("p", {}, "A calendar application can show all events you go to, and follow changes."),
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
    const replace = "Creating another one ends the link that you have.";
    setChildren(
      content,
      link === null ? exists && element("p", { class: "hint" }, replace) : shownLink(link),
      element(
        "p",
        { class: "row wrap" },
        link === null && button("Create link", create, { class: "plain" }),
        exists && button("End link", revoke, { class: "plain" }),
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
      toast("The link has ended");
    } catch (error) {
      toastError(error);
    }
  }

  load();
  return content;
}

function shownLink(link) {
  const input = element("input", { readonly: true, "aria-label": "Secret link" });
  input.value = link.url;
  input.addEventListener("focus", () => input.select());

  async function copy() {
    try {
      await navigator.clipboard.writeText(link.url);
      toast("Copied");
    } catch {
      input.focus();
    }
  }

  return [
    input,
    element("p", { class: "hint" }, "Keep it secret: anyone who has it sees your events. It is not shown again."),
    element(
      "p",
      { class: "row wrap" },
      element("a", { href: link.url, class: "button primary" }, "Open in calendar application"),
      button("Copy", copy, { class: "plain" }),
    ),
  ];
}
