// The sessions of the user, with what logged in and when it was active. Each can be ended.

import { deviceName } from "../components/device_name.js";
import { button, element } from "../components/dom.js";
import { PagedList } from "../components/paged_list.js";
import { relativeTime } from "../components/time_format.js";
import { toastError } from "../components/toast.js";
import { t, tParts } from "../i18n.js";
import { ignoreMissing } from "../network/errors.js";

// `logOut()` ends this session.
export function sessionList(session, logOut) {
  const list = new PagedList({
    className: "list",
    read: (cursor) => session.api.get("/v1/sessions", { cursor }),
    render: row,
  });

  function row(one) {
    const name = deviceName(one.device);
    const end = button(t("common.log_out"), one.current ? logOut : () => revoke(one), {
      class: "plain",
      "aria-label": t("settings.log_out_of", { name }),
    });
    return element(
      "div",
      { class: "user-row" },
      element(
        "div",
        { class: "grow" },
        element(
          "div",
          { class: "row wrap" },
          element("strong", {}, name),
          one.current && element("span", { class: "tag mine" }, t("settings.this_device")),
        ),
        element(
          "div",
          { class: "secondary" },
          tParts("settings.last_active", {
            active: relativeTime(one.last_used_at, { ago: true }),
            created: relativeTime(one.created_at, { ago: true }),
          }),
        ),
      ),
      end,
    );
  }

  async function revoke(one) {
    try {
      await session.api.delete(`/v1/sessions/${encodeURIComponent(one.id)}`).catch(ignoreMissing);
      list.remove(one.id);
    } catch (error) {
      toastError(error);
    }
  }

  list.load();
  return list.element;
}
