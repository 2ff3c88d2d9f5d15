// Privacy settings: whether the account is private, and who may add the user to groups and invite the user to
// events without asking.

import { button, element, errorText, setChildren, skeleton } from "../components/dom.js";
import { Field, Form } from "../components/form.js";
import { toast, toastError } from "../components/toast.js";
import { t } from "../i18n.js";

const AUDIENCES = {
  everyone: t("common.everyone"),
  known: t("privacy.known"),
  nobody: t("privacy.nobody"),
};

export function privacySettings(session) {
  const content = element("div", {}, skeleton());

  async function load() {
    try {
      setChildren(content, privacyForm(session, await session.api.get("/v1/users/me/privacy")));
    } catch (error) {
      setChildren(content, errorText(error.message), button(t("common.try_again"), load, { class: "plain" }));
    }
  }

  load();
  return content;
}

// `scope` ends the updates with the view.
export function privateAccount(session, scope) {
  const box = element("input", { type: "checkbox" });
  const hint = t("privacy.private_hint");
  box.addEventListener("change", async () => {
    try {
      session.setUser(await session.api.patch("/v1/users/me", { private: box.checked }));
      toast(t("common.saved"));
    } catch (error) {
      toastError(error);
      show();
    }
  });

  // Until the profile is loaded it is not known.
  function show() {
    box.checked = session.user.private === true;
    box.disabled = session.user.private === undefined;
  }

  scope.keep(session.userChanged.on(show));
  show();
  return element(
    "div",
    {},
    element("label", { class: "check" }, box, t("people.private_account")),
    element("p", { class: "hint" }, hint),
  );
}

function privacyForm(session, settings) {
  const fields = [
    new Field("groups", t("privacy.groups"), { kind: "select", required: true }),
    new Field("invites", t("privacy.invites"), { kind: "select", required: true }),
  ];
  for (const field of fields) {
    const options = Object.entries(AUDIENCES).map(([value, label]) => element("option", { value }, label));
    field.input.append(...options);
    field.value = settings[field.name];
  }
  const hint = element("p", { class: "hint" }, t("privacy.requests_hint"));
  const form = new Form([...fields, hint], {
    submit: t("common.save"),
    send: async (values) => {
      await session.api.patch("/v1/users/me/privacy", values);
      toast(t("common.saved"));
    },
  });
  return form.element;
}
