// Log in, register and request a password reset.

import { element } from "../components/dom.js";
import { Field, Form } from "../components/form.js";
import { toast } from "../components/toast.js";
import { t } from "../i18n.js";
import { IdempotencyKey } from "../network/idempotency_key.js";

const WAITING = t("auth.waiting");
const PASSWORD = { type: "password", required: true, maxlength: 128 };

// `enter(login, persistent)` begins the session.
export function loginView(api, enter, notice = "") {
  const remember = rememberBox();
  const form = new Form(
    [
      new Field("login", t("auth.login"), {
        required: true,
        autocomplete: "username",
        autocapitalize: "none",
        spellcheck: "false",
      }),
      new Field("password", t("account.password"), { ...PASSWORD, autocomplete: "current-password" }),
      remember.element,
    ],
    {
      submit: t("common.log_in"),
      send: async ({ login, password }) =>
        enter(await api.post("/v1/sessions", { login: login.trim(), password }), remember.checked),
    },
  );
  return authCard(t("common.log_in"), notice, [intro(), form.element], [
    element("a", { href: "#/register" }, t("auth.no_account")),
    element("a", { href: "#/forgot" }, t("auth.forgot")),
  ]);
}

export function registerView(api, enter) {
  const idempotencyKey = new IdempotencyKey();
  const remember = rememberBox();
  // Shown once the server asks for it.
  const inviteCode = new Field("invite_code", t("auth.invite_code"), { maxlength: 50, autocomplete: "off" });
  inviteCode.element.hidden = true;
  const form = new Form(
    [
      new Field("email", t("account.email"), { type: "email", required: true, autocomplete: "email" }),
      new Field("username", t("account.username"), {
        required: true,
        autocomplete: "username",
        autocapitalize: "none",
        spellcheck: "false",
        maxlength: 50,
        hint: t("auth.username_hint"),
      }),
      new Field("display_name", t("account.display_name"), {
        autocomplete: "name",
        maxlength: 100,
        hint: t("auth.display_name_hint"),
      }),
      new Field("password", t("account.password"), {
        ...PASSWORD,
        autocomplete: "new-password",
        hint: t("auth.password_hint"),
      }),
      inviteCode,
      remember.element,
    ],
    {
      submit: t("account.create"),
      send: async ({ email, username, display_name: name, password, invite_code: code }) => {
        const body = { email: email.trim(), username: username.trim(), password };
        if (name.trim()) body.display_name = name.trim();
        if (code.trim()) body.invite_code = code.trim();
        try {
          const login = await api.post("/v1/users", body, idempotencyKey.keyFor(body));
          if (login === null) form.element.replaceWith(element("p", { role: "status" }, WAITING));
          else {
            enter(login, remember.checked);
            toast(t("auth.welcome", { email: body.email }));
          }
        } catch (error) {
          if (error.code === "registration.invite_required") inviteCode.element.hidden = false;
          throw error;
        }
      },
    },
  );
  return authCard(t("account.create"), "", [intro(), form.element], [
    element("a", { href: "#/login" }, t("auth.have_account")),
  ]);
}

export function forgotView(api) {
  const form = new Form(
    [new Field("email", t("account.email"), { type: "email", required: true, autocomplete: "email" })],
    {
      submit: t("auth.send_link"),
      send: async ({ email }) => {
        const address = email.trim();
        await api.post("/v1/password-resets", { email: address });
        const text = t("auth.link_sent", { email: address });
        form.element.replaceWith(element("p", { role: "status" }, text));
      },
    },
  );
  return authCard(t("auth.reset"), "", form.element, [element("a", { href: "#/login" }, t("auth.back"))]);
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

// What Convene is, for people who come for the first time.
function intro() {
  return element("p", { class: "secondary intro" }, t("auth.intro"));
}

function rememberBox() {
  const box = element("input", { type: "checkbox", checked: true });
  return {
    element: element("label", { class: "check" }, box, t("auth.remember")),
    get checked() {
      return box.checked;
    },
  };
}
