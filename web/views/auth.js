// Log in, register and request a password reset.

import { element } from "../components/dom.js";
import { Field, Form } from "../components/form.js";
import { IdempotencyKey } from "../network/idempotency_key.js";

const WAITING = "Thank you. A moderator looks at your registration; afterwards you can log in.";
const PASSWORD = { type: "password", required: true, maxlength: 128 };

// `enter(login, persistent)` begins the session.
export function loginView(api, enter, notice = "") {
  const remember = rememberBox();
  const form = new Form(
    [
      new Field("login", "Email or username", {
        required: true,
        autocomplete: "username",
        autocapitalize: "none",
        spellcheck: "false",
      }),
      new Field("password", "Password", { ...PASSWORD, autocomplete: "current-password" }),
      remember.element,
    ],
    {
      submit: "Log in",
      send: async ({ login, password }) =>
        enter(await api.post("/v1/sessions", { login: login.trim(), password }), remember.checked),
    },
  );
  return authCard("Log in", notice, form.element, [
    element("a", { href: "#/register" }, "Create account"),
    element("a", { href: "#/forgot" }, "Forgot password?"),
  ]);
}

export function registerView(api, enter) {
  const idempotencyKey = new IdempotencyKey();
  const remember = rememberBox();
  // Shown once the server asks for it.
  const inviteCode = new Field("invite_code", "Invite code", { maxlength: 50, autocomplete: "off" });
  inviteCode.element.hidden = true;
  const form = new Form(
    [
      new Field("email", "Email", { type: "email", required: true, autocomplete: "email" }),
      new Field("username", "Username", {
        required: true,
        autocomplete: "username",
        autocapitalize: "none",
        spellcheck: "false",
        maxlength: 50,
        hint: "3 to 50 letters, numbers, dots or underscores, with a letter or number at both ends",
      }),
      new Field("display_name", "Display name", {
        autocomplete: "name",
        maxlength: 100,
        hint: "Shown to other people",
      }),
      new Field("password", "Password", {
        ...PASSWORD,
        autocomplete: "new-password",
        hint: "At least 8 characters, and not a common password",
      }),
      inviteCode,
      remember.element,
    ],
    {
      submit: "Create account",
      send: async ({ email, username, display_name: name, password, invite_code: code }) => {
        const body = { email: email.trim(), username: username.trim(), password };
        if (name.trim()) body.display_name = name.trim();
        if (code.trim()) body.invite_code = code.trim();
        try {
          const login = await api.post("/v1/users", body, idempotencyKey.keyFor(body));
          if (login === null) form.element.replaceWith(element("p", { role: "status" }, WAITING));
          else enter(login, remember.checked);
        } catch (error) {
          if (error.code === "registration.invite_required") inviteCode.element.hidden = false;
          throw error;
        }
      },
    },
  );
  return authCard("Create account", "", form.element, [
    element("a", { href: "#/login" }, "Already have an account? Log in"),
  ]);
}

export function forgotView(api) {
  const form = new Form(
    [new Field("email", "Email", { type: "email", required: true, autocomplete: "email" })],
    {
      submit: "Send link",
      send: async ({ email }) => {
        await api.post("/v1/password-resets", { email: email.trim() });
        const text =
          "If there is an account with this address, we sent it a link. It works once, for 30 minutes.";
        form.element.replaceWith(element("p", { role: "status" }, text));
      },
    },
  );
  return authCard("Reset password", "", form.element, [element("a", { href: "#/login" }, "Back to log in")]);
}

export function authCard(title, notice, content, links) {
  return {
    title,
    element: element(
      "section",
      { class: "auth-card" },
      element("p", { class: "brand" }, "Convene"),
      element("h1", { tabindex: "-1" }, title),
      notice && element("p", { class: "notice", role: "alert" }, notice),
      content,
      element("p", { class: "row links" }, links),
    ),
  };
}

function rememberBox() {
  const box = element("input", { type: "checkbox", checked: true });
  return {
    element: element("label", { class: "check" }, box, "Keep me logged in"),
    get checked() {
      return box.checked;
    },
  };
}
