// The pages behind the links in emails. The token is removed from the address bar at once and used only when
// the user presses a button: mail scanners follow links too.

import { button, element, oneAtATime, setChildren } from "../components/dom.js";
import { Field, Form } from "../components/form.js";
import { t } from "../i18n.js";
import { authCard } from "./auth.js";

// `onReset()` is called when the password was changed, which ends every session.
export function resetView(api, token, onReset) {
  history.replaceState(history.state, "", "#/reset");
  const password = new Field("new_password", t("account.new_password"), {
    type: "password",
    required: true,
    maxlength: 128,
    autocomplete: "new-password",
    hint: t("auth.new_password_hint"),
  });
  const form = new Form([password], {
    submit: t("account.change_password"),
    send: async (values) => {
      await api.put(`/v1/password-resets/${encodeURIComponent(token)}`, values);
      onReset();
    },
  });
  return authCard(t("auth.choose_password"), "", form.element, [
    element("a", { href: "#/forgot" }, t("auth.new_link")),
  ]);
}

export function verifyView(api, token) {
  history.replaceState(history.state, "", "#/verify");
  const status = element("p", { role: "status" });
  const confirm = button(t("auth.confirm_email"), oneAtATime(verify), { class: "primary" });

  async function verify() {
    try {
      await api.put(`/v1/email-verifications/${encodeURIComponent(token)}`);
      confirm.remove();
      setChildren(status, t("auth.email_confirmed"));
    } catch (error) {
      setChildren(status, error.message);
    }
  }

  return authCard(t("auth.confirm_title"), "", element("div", { class: "form" }, status, confirm), [
    element("a", { href: "#/" }, t("auth.go_to_convene")),
  ]);
}

// Takes back a change of the email address. `onUndone()` is called when it was, which ends every session.
export function undoEmailChangeView(api, token, onUndone) {
  history.replaceState(history.state, "", "#/undo-email-change");
  const status = element("p", { role: "status" });
  const confirm = button(t("auth.restore_email"), oneAtATime(undo), { class: "primary" });
  const text = t("auth.undo_hint");

  async function undo() {
    try {
      await api.delete(`/v1/email-changes/${encodeURIComponent(token)}`);
      onUndone();
    } catch (error) {
      setChildren(status, error.message);
    }
  }

  return authCard(
    t("auth.undo_title"),
    "",
    element("div", { class: "form" }, element("p", {}, text), status, confirm),
    [element("a", { href: "#/" }, t("auth.go_to_convene"))],
  );
}

// The page was reloaded after its token was removed.
export function usedView() {
  return authCard(t("auth.used_title"), "", element("p", {}, t("auth.used_hint")), [
    element("a", { href: "#/forgot" }, t("auth.new_link")),
    element("a", { href: "#/" }, t("auth.go_to_convene")),
  ]);
}
