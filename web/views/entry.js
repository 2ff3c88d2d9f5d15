// Before one is logged in: log in, register, ask for a new password. What was typed as a password is sent
// once and never kept.

import { element } from "../parts/dom.js";
import { Field, Form } from "../parts/form.js";
import { IdempotencyKey } from "../wire/idempotency_key.js";

const PASSWORD = { type: "password", required: true, maxlength: 128 };

// `enter(signedIn, lasting)` begins the session.
export function loginView(api, enter, notice = "") {
  const lasting = keepBox();
  const form = new Form(
    [
      new Field("login", "E-mail or username", {
        required: true,
        autocomplete: "username",
        autocapitalize: "none",
        spellcheck: "false",
      }),
      new Field("password", "Password", { ...PASSWORD, autocomplete: "current-password" }),
      lasting.element,
    ],
    {
      submit: "Log in",
      send: async ({ login, password }) =>
        enter(await api.post("/v1/sessions", { login: login.trim(), password }), lasting.checked),
    },
  );
  return card("Log in", notice, form.element, [
    element("a", { href: "#/register" }, "Create an account"),
    element("a", { href: "#/forgot" }, "Forgot your password?"),
  ]);
}

export function registerView(api, enter) {
  const idempotencyKey = new IdempotencyKey();
  const lasting = keepBox();
  const form = new Form(
    [
      new Field("email", "E-mail", { type: "email", required: true, autocomplete: "email" }),
      new Field("username", "Username", {
        required: true,
        autocomplete: "username",
        autocapitalize: "none",
        spellcheck: "false",
        maxlength: 50,
        hint: "3 to 50 of: a-z, 0-9, _ and .",
      }),
      new Field("display_name", "Your name", {
        autocomplete: "name",
        maxlength: 100,
        hint: "How others see you.",
      }),
      new Field("password", "Password", {
        ...PASSWORD,
        autocomplete: "new-password",
        hint: "At least 8 characters.",
      }),
      lasting.element,
    ],
    {
      submit: "Create account",
      send: async ({ email, username, display_name: name, password }) => {
        const body = { email: email.trim(), username: username.trim(), password };
        if (name.trim()) body.display_name = name.trim();
        enter(await api.post("/v1/users", body, idempotencyKey.keyFor(body)), lasting.checked);
      },
    },
  );
  return card("Create an account", "", form.element, [
    element("a", { href: "#/login" }, "I have an account"),
  ]);
}

export function forgotView(api) {
  const form = new Form(
    [new Field("email", "E-mail", { type: "email", required: true, autocomplete: "email" })],
    {
      submit: "Send a link",
      send: async ({ email }) => {
        await api.post("/v1/password-resets", { email: email.trim() });
        const words =
          "If an account has this address, a mail is on its way. The link in it works once, for 30 minutes.";
        form.element.replaceWith(element("p", { role: "status" }, words));
      },
    },
  );
  return card("Forgot your password?", "", form.element, [
    element("a", { href: "#/login" }, "Back to log in"),
  ]);
}

export function card(title, notice, content, links) {
  return {
    title,
    element: element(
      "section",
      { class: "entry" },
      element("p", { class: "brand" }, "Convene"),
      element("h1", { tabindex: "-1" }, title),
      notice && element("p", { class: "notice", role: "alert" }, notice),
      content,
      element("p", { class: "row links" }, links),
    ),
  };
}

function keepBox() {
  const box = element("input", { type: "checkbox", checked: true });
  return {
    element: element("label", { class: "check" }, box, "Keep me logged in on this device"),
    get checked() {
      return box.checked;
    },
  };
}
