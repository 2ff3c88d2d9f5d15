// The user's data export: requested, made by the server, downloaded by a link.

import { button, element, errorText, setChildren, skeleton } from "../components/dom.js";
import { relativeTime } from "../components/time_format.js";
import { toastError } from "../components/toast.js";

const PATH = "/v1/users/me/export";

// `scope` ends the updates with the view.
export function dataExport(session, scope) {
  const content = element("div", { "aria-live": "polite" }, skeleton());

  async function load() {
    try {
      show(await session.api.get(PATH, { start: "false" }));
    } catch (error) {
      if (error.code === "export.not_found") show(null);
      else setChildren(content, errorText(error.message), button("Try again", load, { class: "plain" }));
    }
  }

  async function request(event) {
    event.currentTarget.disabled = true;
    try {
      show(await session.api.post(PATH));
    } catch (error) {
      toastError(error);
      load();
    }
  }

  function show(one) {
    setChildren(
      content,
      element(
        "p",
        {},
        "A ZIP archive with your profile, posts, comments, messages, events and everything else you wrote.",
      ),
      element("p", { class: "secondary" }, statusOf(one)),
      element(
        "div",
        { class: "row wrap" },
        // A link works for an hour: the page may be older.
        one?.state === "ready" && button("Download", download, { class: "primary" }),
        one?.state !== "pending" && button("Export my data", request, { class: "plain" }),
      ),
    );
  }

  async function download() {
    try {
      const one = await session.api.get(PATH, { start: "false" });
      if (one.url) location.assign(one.url);
      else show(one);
    } catch (error) {
      toastError(error);
      load();
    }
  }

  scope.keep(
    session.notifications.created.on((notification) => {
      if (notification.type === "EXPORT_READY") load();
    }),
  );
  scope.keep(session.notifications.outdated.on(load));
  load();
  return content;
}

function statusOf(one) {
  if (one === null) return "You can export your data once a day.";
  if (one.state === "pending") {
    return ["Your export is being made; you will be notified. Requested ", relativeTime(one.requested_at), "."];
  }
  if (one.state === "failed") return "Your export could not be made. Please try again tomorrow.";
  const size = `${Math.max(1, Math.round(one.bytes / 1024)).toLocaleString()} kB`;
  const end = new Date(one.expires_at).toLocaleDateString();
  return ["Made ", relativeTime(one.finished_at), `, ${size}. It will be deleted on ${end}.`];
}
