// Account settings: profile, password, sessions, muted and blocked people, log out and account deletion.

import { isEnabled, isSupported, setEnabled } from "../components/desktop_notifications.js";
import { Dialog } from "../components/dialog.js";
import { button, element, errorText, setChildren, skeleton } from "../components/dom.js";
import { Field, Form } from "../components/form.js";
import { PagedList } from "../components/paged_list.js";
import { showShortcuts } from "../components/shortcuts.js";
import { isSoundOn, setSound } from "../components/sound.js";
import { applyTheme, currentTheme, THEMES } from "../components/theme.js";
import { relativeTime } from "../components/time_format.js";
import { toast, toastError } from "../components/toast.js";
import { Scope } from "../state/signal.js";
import { dataExport } from "./data_export.js";
import { blockedPeople, mutedPeople } from "./hidden_people.js";
import { notificationSettings } from "./notification_settings.js";
import { privacySettings, privateAccount } from "./privacy_settings.js";

// `logOut()` ends this session. `onDeleted()` is called after the account was deleted.
export function settingsView(session, logOut, onDeleted) {
  const scope = new Scope();
  return {
    title: "Settings",
    element: element(
      "section",
      { class: "column" },
      element("h1", { tabindex: "-1" }, "Settings"),
      section("Profile", profileSection(session)),
      section("This browser", browserSettings()),
      section("Password", passwordForm(session)),
      section("Privacy", privateAccount(session), privacySettings(session)),
      section("Notifications", notificationSettings(session)),
      section("Sessions", sessionList(session, logOut)),
      section("Moderation", moderationLinks(session)),
      section("Muted people", mutedPeople(session)),
      section("Blocked people", blockedPeople(session)),
      section("Your data", dataExport(session, scope)),
      section("Account", accountButtons(session, logOut, onDeleted)),
    ),
    close: () => scope.close(),
  };
}

function section(title, ...content) {
  return element("section", { class: "panel" }, element("h2", {}, title), content);
}

function moderationLinks(session) {
  const link = element("a", { href: "#/moderation", hidden: true }, "Pages for moderators");
  session.loadProfile().then(
    () => (link.hidden = !session.isModerator),
    () => null,
  );
  return [element("p", {}, element("a", { href: "#/actions" }, "What moderators did that concerns you")), link];
}

function profileSection(session) {
  const content = element("div", {}, skeleton());

  async function load() {
    try {
      await session.loadProfile();
      setChildren(content, profileForm(session));
    } catch (error) {
      setChildren(content, errorText(error.message), button("Try again", load, { class: "plain" }));
    }
  }

  load();
  return content;
}

function profileForm(session) {
  const { user } = session;
  const form = new Form(
    [
      new Field("display_name", "Display name", {
        value: user.display_name,
        maxlength: 100,
        autocomplete: "name",
      }),
      new Field("bio", "Bio", { kind: "textarea", rows: 3, value: user.bio, maxlength: 500 }),
      new Field("username", "Username", {
        value: user.username,
        required: true,
        maxlength: 50,
        autocapitalize: "none",
        spellcheck: "false",
      }),
      new Field("email", "Email", {
        type: "email",
        value: user.email,
        required: true,
        autocomplete: "email",
        hint: "Not shown to others. We send a confirmation link to a new address.",
      }),
      new Field("current_password", "Current password", {
        type: "password",
        autocomplete: "current-password",
        hint: "Needed to change the email address.",
      }),
    ],
    {
      submit: "Save",
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
        toast("Saved");
      },
    },
  );
  return form.element;
}

function browserSettings() {
  const theme = new Field("theme", "Theme", { kind: "select", required: true });
  theme.input.append(...Object.entries(THEMES).map(([value, label]) => element("option", { value }, label)));
  theme.value = currentTheme();
  theme.input.addEventListener("change", () => applyTheme(theme.value));
  const shortcuts = button("Keyboard shortcuts", showShortcuts, { class: "link" });
  const sound = element("input", { type: "checkbox", checked: isSoundOn() });
  sound.addEventListener("change", () => setSound(sound.checked));
  const soundSwitch = element("label", { class: "check" }, sound, "Sound for new messages");
  return [theme.element, isSupported() && notificationSwitch(), soundSwitch, shortcuts];
}

function notificationSwitch() {
  const box = element("input", { type: "checkbox", checked: isEnabled() });
  box.addEventListener("change", async () => {
    const wanted = box.checked;
    box.checked = await setEnabled(wanted);
    if (wanted && !box.checked) toast("Notifications are blocked in the settings of your browser.");
  });
  return element("label", { class: "check" }, box, "Desktop notifications");
}

function passwordForm(session) {
  const form = new Form(
    [
      new Field("current_password", "Current password", {
        type: "password",
        required: true,
        autocomplete: "current-password",
      }),
      new Field("new_password", "New password", {
        type: "password",
        required: true,
        maxlength: 128,
        autocomplete: "new-password",
        hint: "At least 8 characters. You will be logged out on other devices.",
      }),
    ],
    {
      submit: "Change password",
      send: async (values) => {
        await session.api.put("/v1/users/me/password", values).catch(rethrowPasswordError);
        form.clear();
        toast("Password changed");
      },
    },
  );
  return form.element;
}

// Shows a missing or wrong password at its field.
function rethrowPasswordError(error) {
  const detail = {
    "auth.password_required": "Enter your current password.",
    "auth.invalid_credentials": "The current password is wrong.",
  }[error.code];
  throw detail ? Object.assign(new Error(detail), { errors: [{ field: "current_password", detail }] }) : error;
}

function sessionList(session, logOut) {
  const list = new PagedList({
    className: "list",
    read: (cursor) => session.api.get("/v1/sessions", { cursor }),
    render: (one) =>
      element(
        "div",
        { class: "user-row" },
        element(
          "div",
          { class: "grow" },
          one.current ? element("strong", {}, "This browser") : "Other session",
          element(
            "div",
            { class: "secondary" },
            "Last active ",
            relativeTime(one.last_used_at),
            " · Logged in ",
            relativeTime(one.created_at),
          ),
        ),
        button("Log out", one.current ? logOut : () => revoke(one), { class: "plain" }),
      ),
  });

  async function revoke(one) {
    try {
      await session.api.delete(`/v1/sessions/${encodeURIComponent(one.id)}`);
      list.remove(one.id);
    } catch (error) {
      toastError(error);
    }
  }

  list.load();
  return list.element;
}

function accountButtons(session, logOut, onDeleted) {
  function remove() {
    const text =
      "Your profile, posts and event responses will be deleted. Your messages stay, without your name. " +
      "This can't be undone.";
    const password = new Field("current_password", "Current password", {
      type: "password",
      required: true,
      autocomplete: "current-password",
    });
    const form = new Form([password], {
      submit: "Delete account",
      destructive: true,
      send: async (values) => {
        await session.api.delete("/v1/users/me", values).catch(rethrowPasswordError);
        session.drafts.forget();
        dialog.close();
        onDeleted();
      },
    });
    const dialog = new Dialog("Delete your account?", element("p", {}, text), form.element).open();
  }

  return element(
    "div",
    { class: "row wrap" },
    button("Log out", logOut, { class: "plain" }),
    button("Delete account", remove, { class: "danger" }),
  );
}
