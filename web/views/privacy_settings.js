// Privacy settings: whether the account is private, and who may add the user to groups and invite the user to
// events without asking.

import { button, element, errorText, setChildren, skeleton } from "../components/dom.js";
import { Field, Form } from "../components/form.js";
import { toast, toastError } from "../components/toast.js";

const AUDIENCES = {
  everyone: "Everyone",
  known: "People I follow or share a conversation with",
  nobody: "No one",
};

export function privacySettings(session) {
  const content = element("div", {}, skeleton());

  async function load() {
    try {
      setChildren(content, privacyForm(session, await session.api.get("/v1/users/me/privacy")));
    } catch (error) {
      setChildren(content, errorText(error.message), button("Try again", load, { class: "plain" }));
    }
  }

  load();
  return content;
}

export function privateAccount(session) {
  const box = element("input", { type: "checkbox", disabled: true });
  const hint =
    "Only followers that you accept see your posts, your followers and the users you follow. If you make your account " +
    "public again, all requests are accepted.";
  box.addEventListener("change", async () => {
    box.disabled = true;
    try {
      session.setUser(await session.api.patch("/v1/users/me", { private: box.checked }));
      toast("Saved");
    } catch (error) {
      toastError(error);
    }
    show();
  });

  function show() {
    box.checked = session.user.private;
    box.disabled = false;
  }

  session.loadProfile().then(show, toastError);
  return element(
    "div",
    {},
    element("label", { class: "check" }, box, "Private account"),
    element("p", { class: "hint" }, hint),
  );
}

function privacyForm(session, settings) {
  const fields = [
    new Field("groups", "Who can add me to groups", { kind: "select", required: true }),
    new Field("invites", "Who can invite me to events", { kind: "select", required: true }),
  ];
  for (const field of fields) {
    const options = Object.entries(AUDIENCES).map(([value, label]) => element("option", { value }, label));
    field.input.append(...options);
    field.value = settings[field.name];
  }
  const hint = element("p", { class: "hint" }, "Others can send you a request, except if you choose “No one”.");
  const form = new Form([...fields, hint], {
    submit: "Save",
    send: async (values) => {
      await session.api.patch("/v1/users/me/privacy", values);
      toast("Saved");
    },
  });
  return form.element;
}
