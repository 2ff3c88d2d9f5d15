// The pages behind the links in emails. The token is removed from the address bar at once and used only when
// the user presses a button: mail scanners follow links too.

import { button, element, setChildren } from "../components/dom.js";
import { Field, Form } from "../components/form.js";
import { authCard } from "./auth.js";

// `onReset()` is called when the password was changed, which ends every session.
export function resetView(api, token, onReset) {
  history.replaceState(history.state, "", "#/reset");
  const password = new Field("new_password", "New password", {
    type: "password",
    required: true,
    maxlength: 128,
    autocomplete: "new-password",
    hint: "At least 8 characters. You will be logged out everywhere.",
  });
  const form = new Form([password], {
    submit: "Change password",
    send: async (values) => {
      await api.put(`/v1/password-resets/${encodeURIComponent(token)}`, values);
      onReset();
    },
  });
  return authCard("Choose a new password", "", form.element, [
    element("a", { href: "#/forgot" }, "Send a new link"),
  ]);
}

export function verifyView(api, token) {
  history.replaceState(history.state, "", "#/verify");
  const status = element("p", { role: "status" });
  const confirm = button("Confirm email", verify, { class: "primary" });

  async function verify() {
    confirm.disabled = true;
    try {
      await api.put(`/v1/email-verifications/${encodeURIComponent(token)}`);
      confirm.remove();
      setChildren(status, "Your email address is confirmed.");
    } catch (error) {
      confirm.disabled = false;
      setChildren(status, error.message);
    }
  }

  return authCard("Confirm your email", "", element("div", { class: "form" }, status, confirm), [
    element("a", { href: "#/" }, "Go to Convene"),
  ]);
}

// Takes back a change of the email address. `onUndone()` is called when it was, which ends every session.
export function undoEmailChangeView(api, token, onUndone) {
  history.replaceState(history.state, "", "#/undo-email-change");
  const status = element("p", { role: "status" });
  const confirm = button("Restore my email", undo, { class: "primary" });
  const text =
    "Your account gets its old email address back and is logged out everywhere. Its password stops working: " +
    "we send you a link to choose a new one.";

  async function undo() {
    confirm.disabled = true;
    try {
      await api.delete(`/v1/email-changes/${encodeURIComponent(token)}`);
      onUndone();
    } catch (error) {
      confirm.disabled = false;
      setChildren(status, error.message);
    }
  }

  return authCard(
    "Undo the change of your email",
    "",
    element("div", { class: "form" }, element("p", {}, text), status, confirm),
    [element("a", { href: "#/" }, "Go to Convene")],
  );
}

// The page was reloaded after its token was removed.
export function usedView() {
  return authCard(
    "This link was already opened",
    "",
    element("p", {}, "Open the link in the email again, or request a new one."),
    [element("a", { href: "#/forgot" }, "Send a new link"), element("a", { href: "#/" }, "Go to Convene")],
  );
}
