// Account settings: profile, password, sessions, muted and blocked people, log out and account deletion.

import { isEnabled, isSupported, setEnabled } from "../components/desktop_notifications.js";
import { Dialog } from "../components/dialog.js";
import { button, element, errorText, setChildren, skeleton } from "../components/dom.js";
import { Field, Form } from "../components/form.js";
import { showShortcuts } from "../components/shortcuts.js";
import { isSoundOn, setSound } from "../components/sound.js";
import { applyTheme, currentTheme, THEMES } from "../components/theme.js";
import { toast } from "../components/toast.js";
import { LANGUAGES, storeLanguage, storedLanguage, t } from "../i18n.js";
import { Scope } from "../state/signal.js";
import { dataExport } from "./data_export.js";
import { blockedPeople, mutedPeople } from "./muted_and_blocked.js";
import { notificationSettings } from "./notification_settings.js";
import { privacySettings, privateAccount } from "./privacy_settings.js";
import { sessionList } from "./sessions.js";

// `logOut()` ends this session. `onDeleted()` is called after the account was deleted.
export function settingsView(session, logOut, onDeleted) {
  const scope = new Scope();
  return {
    title: t("settings.title"),
    element: element(
      "section",
      { class: "column" },
      element("h1", { tabindex: "-1" }, t("settings.title")),
      section(t("settings.profile"), profileSection(session)),
      section(t("settings.this_browser"), browserSettings()),
      section(t("account.password"), passwordForm(session)),
      section(t("settings.privacy"), privateAccount(session, scope), privacySettings(session)),
      section(t("notifications.title"), notificationSettings(session)),
      section(t("settings.sessions"), sessionList(session, logOut)),
      section(t("moderation.title"), moderationLinks(session)),
      section(t("settings.muted"), mutedPeople(session)),
      section(t("settings.blocked"), blockedPeople(session)),
      section(t("settings.your_data"), dataExport(session, scope)),
      section(t("settings.account"), accountButtons(session, logOut, onDeleted)),
    ),
    close: () => scope.close(),
  };
}

function section(title, ...content) {
  return element("section", { class: "panel" }, element("h2", {}, title), content);
}

function moderationLinks(session) {
  const link = element("a", { href: "#/moderation", hidden: true }, t("settings.moderator_pages"));
  session.loadProfile().then(
    () => (link.hidden = !session.isModerator),
    () => null,
  );
  return [element("p", {}, element("a", { href: "#/actions" }, t("settings.what_was_done"))), link];
}

function profileSection(session) {
  const content = element("div", {}, skeleton());

  async function load() {
    try {
      await session.loadProfile();
      setChildren(content, profileForm(session));
    } catch (error) {
      setChildren(content, errorText(error.message), button(t("common.try_again"), load, { class: "plain" }));
    }
  }

  load();
  return content;
}

function profileForm(session) {
  const { user } = session;
  const form = new Form(
    [
      new Field("display_name", t("account.display_name"), {
        value: user.display_name,
        maxlength: 100,
        autocomplete: "name",
      }),
      new Field("bio", t("settings.bio"), { kind: "textarea", rows: 3, value: user.bio, maxlength: 500 }),
      new Field("username", t("account.username"), {
        value: user.username,
        required: true,
        maxlength: 50,
        autocapitalize: "none",
        spellcheck: "false",
      }),
      new Field("email", t("account.email"), {
        type: "email",
        value: user.email,
        required: true,
        autocomplete: "email",
        hint: t("settings.email_hint"),
      }),
      new Field("current_password", t("account.current_password"), {
        type: "password",
        autocomplete: "current-password",
        hint: t("settings.password_hint"),
      }),
    ],
    {
      submit: t("common.save"),
      send: async ({ display_name: name, bio, username, email, current_password: password }) => {
        const values = {
          display_name: name.trim() || null,
          bio: bio.trim() || null,
          username: username.trim(),
          email: email.trim(),
        };
        const changed = Object.fromEntries(
          Object.entries(values).filter(([field, value]) => value !== session.user[field]),
        );
        if ("email" in changed && password) changed.current_password = password;
        if (Object.keys(changed).length > 0) {
          const saved = await session.api.patch("/v1/users/me", changed).catch(rethrowPasswordError);
          session.setUser(saved);
        }
        form.clearPasswords();
        toast(t("common.saved"));
      },
    },
  );
  return form.element;
}

function browserSettings() {
  const theme = new Field("theme", t("settings.theme"), { kind: "select", required: true });
  theme.input.append(...Object.entries(THEMES).map(([value, label]) => element("option", { value }, label)));
  theme.value = currentTheme();
  theme.input.addEventListener("change", () => applyTheme(theme.value));
  const language = new Field("language", t("settings.language"), { kind: "select", required: true });
  const languages = [["", t("settings.browser_language")], ...Object.entries(LANGUAGES)];
  language.input.append(...languages.map(([value, label]) => element("option", { value }, label)));
  language.value = storedLanguage() ?? "";
  language.input.addEventListener("change", () => {
    storeLanguage(language.value || null);
    location.reload();
  });
  const shortcuts = button(t("shortcuts.title"), showShortcuts, { class: "link" });
  const sound = element("input", { type: "checkbox", checked: isSoundOn() });
  sound.addEventListener("change", () => setSound(sound.checked));
  const soundSwitch = element("label", { class: "check" }, sound, t("settings.sound"));
  return [theme.element, language.element, isSupported() && notificationSwitch(), soundSwitch, shortcuts];
}

function notificationSwitch() {
  const box = element("input", { type: "checkbox", checked: isEnabled() });
  box.addEventListener("change", async () => {
    const wanted = box.checked;
    box.checked = await setEnabled(wanted);
    if (wanted && !box.checked) toast(t("settings.notifications_blocked"));
  });
  return element("label", { class: "check" }, box, t("settings.desktop_notifications"));
}

function passwordForm(session) {
  const form = new Form(
    [
      new Field("current_password", t("account.current_password"), {
        type: "password",
        required: true,
        autocomplete: "current-password",
      }),
      new Field("new_password", t("account.new_password"), {
        type: "password",
        required: true,
        maxlength: 128,
        autocomplete: "new-password",
        hint: t("settings.new_password_hint"),
      }),
    ],
    {
      submit: t("account.change_password"),
      send: async (values) => {
        await session.api.put("/v1/users/me/password", values).catch(rethrowPasswordError);
        form.clear();
        toast(t("settings.password_changed"));
      },
    },
  );
  return form.element;
}

// Shows a missing or wrong password at its field.
function rethrowPasswordError(error) {
  const detail = {
    "auth.password_required": t("settings.enter_password"),
    "auth.invalid_credentials": t("settings.wrong_password"),
  }[error.code];
  throw detail
    ? Object.assign(new Error(detail), { errors: [{ field: "current_password", detail }] })
    : error;
}

function accountButtons(session, logOut, onDeleted) {
  function remove() {
    const password = new Field("current_password", t("account.current_password"), {
      type: "password",
      required: true,
      autocomplete: "current-password",
    });
    const form = new Form([password], {
      submit: t("settings.delete_account"),
      destructive: true,
      send: async (values) => {
        await session.api.delete("/v1/users/me", values).catch(rethrowPasswordError);
        session.forget();
        dialog.close();
        onDeleted();
      },
    });
    const dialog = new Dialog(
      t("settings.delete_title"),
      element("p", {}, t("settings.delete_hint")),
      form.element,
    ).open();
  }

  return element(
    "div",
    { class: "row wrap" },
    button(t("common.log_out"), logOut, { class: "plain" }),
    button(t("settings.delete_account"), remove, { class: "danger" }),
  );
}
