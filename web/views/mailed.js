// The places that the links of mails lead to: a new password, a confirmed address. The token leaves the
// address bar at once, and is used only when somebody says so: programs that read mails follow links too.

import { button, element, fill } from "../parts/dom.js";
import { Field, Form } from "../parts/form.js";
import { card } from "./entry.js";

// `done()` once the password is another: every login has ended.
export function resetView(api, token, done) {
  history.replaceState(null, "", "#/reset");
  const password = new Field("new_password", "New password", {
    type: "password",
    required: true,
    maxlength: 128,
    autocomplete: "new-password",
    hint: "At least 8 characters. You will have to log in again everywhere.",
  });
  const form = new Form([password], {
    submit: "Set the password",
    send: async (values) => {
      await api.put(`/v1/password-resets/${encodeURIComponent(token)}`, values);
      done();
    },
  });
  return card("Choose a new password", "", form.element, [
    element("a", { href: "#/forgot" }, "Ask for another link"),
  ]);
}

export function verifyView(api, token) {
  history.replaceState(null, "", "#/verify");
  const told = element("p", { role: "status" });
  const confirm = button("Confirm my address", act, { class: "primary" });

  async function act() {
    confirm.disabled = true;
    try {
      await api.put(`/v1/email-verifications/${encodeURIComponent(token)}`);
      confirm.remove();
      fill(told, "Thank you, your address is confirmed.");
    } catch (error) {
      confirm.disabled = false;
      fill(told, error.message);
    }
  }

  return card("Confirm your e-mail address", "", element("div", { class: "form" }, told, confirm), [
    element("a", { href: "#/" }, "Go to Convene"),
  ]);
}

// The page was loaded again after its token was put away.
export function usedView() {
  return card(
    "This link was opened before",
    "",
    element("p", {}, "Open the link in the mail again, or ask for another one."),
    [
      element("a", { href: "#/forgot" }, "Ask for another link"),
      element("a", { href: "#/" }, "Go to Convene"),
    ],
  );
}
