// One's own account: profile, password, where one is logged in, whom one blocked here, and the ways out.

import { agreed } from "../parts/dialog.js";
import { button, element, fill } from "../parts/dom.js";
import { Field, Form } from "../parts/form.js";
import { ago } from "../parts/moments.js";
import { Pages } from "../parts/pages.js";
import { failed, toast } from "../parts/toast.js";

// `logOut()` ends this session; `left()` forgets it, once the account is gone.
export function settingsView(session, logOut, left) {
  return {
    title: "Settings",
    element: element(
      "section",
      { class: "column" },
      element("h1", { tabindex: "-1" }, "Settings"),
      section("Profile", profile(session)),
      section("Password", password(session)),
      section("Where you are logged in", sessions(session, logOut)),
      section("Blocked in this browser", blocked(session)),
      section("Leave", leaving(session, logOut, left)),
    ),
  };
}

function section(title, ...content) {
  return element("section", { class: "panel" }, element("h2", {}, title), content);
}

function profile(session) {
  const { user } = session;
  const form = new Form(
    [
      new Field("display_name", "Your name", {
        value: user.display_name,
        maxlength: 100,
        autocomplete: "name",
      }),
      new Field("bio", "About you", { kind: "textarea", rows: 3, value: user.bio, maxlength: 500 }),
      new Field("username", "Username", {
        value: user.username,
        required: true,
        maxlength: 50,
        autocapitalize: "none",
        spellcheck: "false",
      }),
      new Field("email", "E-mail", {
        type: "email",
        value: user.email,
        required: true,
        autocomplete: "email",
        hint: "Only you see it. A new address gets a mail with a link to confirm it.",
      }),
    ],
    {
      submit: "Save",
      send: async ({ display_name: name, bio, username, email }) => {
        const now = {
          display_name: name.trim() || null,
          bio: bio.trim() || null,
          username: username.trim(),
          email: email.trim(),
        };
        const changed = Object.fromEntries(
          Object.entries(now).filter(([field, value]) => value !== session.user[field]),
        );
        if (Object.keys(changed).length > 0) session.renew(await session.api.patch("/v1/users/me", changed));
        toast("Saved.");
      },
    },
  );
  return form.element;
}

function password(session) {
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
        hint: "At least 8 characters. All your other logins end.",
      }),
    ],
    {
      submit: "Change password",
      send: async (values) => {
        await session.api.put("/v1/users/me/password", values).catch((error) => {
          throw error.code === "auth.invalid_credentials"
            ? new Error("This is not your current password.")
            : error;
        });
        form.clear();
        toast("Your password is changed.");
      },
    },
  );
  return form.element;
}

function sessions(session, logOut) {
  const pages = new Pages({
    className: "list",
    read: (cursor) => session.api.get("/v1/sessions", { cursor }),
    render: (one) =>
      element(
        "div",
        { class: "person" },
        element(
          "div",
          { class: "grow" },
          one.current ? element("strong", {}, "This browser") : "Another login",
          element("div", { class: "quiet" }, "used ", ago(one.last_used_at), ", since ", ago(one.created_at)),
        ),
        one.current
          ? button("Log out", logOut, { class: "plain" })
          : button("End", () => revoke(one), { class: "plain" }),
      ),
  });

  async function revoke(one) {
    try {
      await session.api.delete(`/v1/sessions/${encodeURIComponent(one.id)}`);
      pages.remove(one.id);
    } catch (error) {
      failed(error);
    }
  }

  pages.begin();
  return pages.element;
}

function blocked(session) {
  const place = element("div", {});

  function show() {
    const rows = session.relations.blocked().map((one) =>
      element(
        "div",
        { class: "person" },
        element("div", { class: "grow" }, `@${one.username}`),
        button("Unblock", () => unblock(one), { class: "plain" }),
      ),
    );
    fill(
      place,
      rows,
      rows.length === 0 &&
        element("p", { class: "quiet" }, "Nobody. People that you blocked elsewhere are not listed here."),
    );
  }

  async function unblock(one) {
    try {
      await session.relations.unblock(one.id);
    } catch (error) {
      failed(error);
    }
    show();
  }

  show();
  return place;
}

function leaving(session, logOut, left) {
  async function leave() {
    const text =
      "Your profile, posts, answers and follows go. Your messages stay where they are, without your name. This cannot be undone.";
    if (!(await agreed("Delete your account for good?", text, "Delete my account"))) return;
    try {
      await session.api.delete("/v1/users/me");
      left();
    } catch (error) {
      failed(error);
    }
  }
  return element(
    "div",
    { class: "row wrap" },
    button("Log out", logOut, { class: "plain" }),
    button("Delete my account", leave, { class: "danger" }),
  );
}
