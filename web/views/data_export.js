// The user's data export: requested, made by the server, downloaded by a link.

import { button, element, errorText, oneAtATime, setChildren, skeleton } from "../components/dom.js";
import { formatDate, relativeTime } from "../components/time_format.js";
import { toastError } from "../components/toast.js";
import { t, tParts } from "../i18n.js";

const PATH = "/v1/users/me/export";

// `scope` ends the updates with the view.
export function dataExport(session, scope) {
  const content = element("div", { "aria-live": "polite" }, skeleton());

  async function load() {
    try {
      show(await session.api.get(PATH, { start: "false" }));
    } catch (error) {
      if (error.code === "export.not_found") show(null);
      else
        setChildren(
          content,
          errorText(error.message),
          button(t("common.try_again"), load, { class: "plain" }),
        );
    }
  }

  async function request() {
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
      element("p", {}, t("export.hint")),
      element("p", { class: "secondary" }, statusOf(one)),
      element(
        "div",
        { class: "row wrap" },
        // A link works for an hour: the page may be older.
        one?.state === "ready" && button(t("export.download"), download, { class: "primary" }),
        one?.state !== "pending" && button(t("export.start"), oneAtATime(request), { class: "plain" }),
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
  if (one === null) return t("export.once_a_day");
  if (one.state === "pending") return tParts("export.pending", { time: relativeTime(one.requested_at, { ago: true }) });
  if (one.state === "failed") return t("export.failed");
  const size = Math.max(1, Math.round(one.bytes / 1024));
  return tParts("export.ready", {
    time: relativeTime(one.finished_at, { ago: true }),
    size,
    end: formatDate(one.expires_at),
  });
}
