// The web client: who is logged in, and which view stands where. Here the parts are put together; nothing
// here shows anything itself.

import { button, element } from "./parts/dom.js";
import { closeDialogs } from "./parts/dialog.js";
import { keepTrue } from "./parts/moments.js";
import { toast } from "./parts/toast.js";
import { Router } from "./router.js";
import { Shell } from "./shell.js";
import { Outbox } from "./state/outbox.js";
import { Session } from "./state/session.js";
import { forgotView, loginView, registerView } from "./views/entry.js";
import { eventView } from "./views/event.js";
import { changeEventView, newEventView } from "./views/event_form.js";
import { eventsView } from "./views/events.js";
import { feedView } from "./views/feed.js";
import { resetView, usedView, verifyView } from "./views/mailed.js";
import { messagesView } from "./views/messages.js";
import { notificationsView } from "./views/notifications.js";
import { peopleView } from "./views/people.js";
import { postView } from "./views/post.js";
import { profileView } from "./views/profile.js";
import { settingsView } from "./views/settings.js";
import { Api } from "./wire/api.js";
import { Credentials } from "./wire/credentials.js";

const ENTRIES = /^#\/(login|register|forgot)$/;
const LEAVING =
  "You are logged out here, but the server could not be told. End this login in the settings of another device.";

class App {
  #credentials = new Credentials();
  #api = new Api(this.#credentials);
  #shell = new Shell(document.getElementById("app"));
  #router = new Router(
    (view, isNew) => this.#shell.show(view, isNew),
    (route) => this.#elsewhere(route),
  );
  #session = null;
  #notice = "";
  // Where one wanted to go before one had to log in.
  #wanted = null;

  async start() {
    keepTrue();
    addEventListener("hashchange", closeDialogs);
    this.#places();
    this.#api.unauthorized.on((error) => this.#end(error.message));
    this.#credentials.onChangedElsewhere(() => location.reload());
    if (this.#credentials.load() === null) {
      this.#shell.leave();
      this.#router.go();
    } else {
      await this.#comeBack();
    }
  }

  #places() {
    const router = this.#router;
    const { api, enter, logOut } = {
      api: this.#api,
      enter: (...all) => this.#enter(...all),
      logOut: () => this.#logOut(),
    };
    router.add("/login", () => loginView(api, enter, this.#takeNotice()), { open: true });
    router.add("/register", () => registerView(api, enter), { open: true });
    router.add("/forgot", () => forgotView(api), { open: true });
    router.add(
      "/reset/:token",
      ({ token }) => resetView(api, token, () => this.#end("Your password is set. Log in with it.")),
      { open: true },
    );
    router.add("/verify/:token", ({ token }) => verifyView(api, token), { open: true });
    router.add("/reset", usedView, { open: true });
    router.add("/verify", usedView, { open: true });
    router.add("/", () => feedView(this.#session));
    router.add("/people", ({ query }) => peopleView(this.#session, query));
    router.add("/@:username", ({ username }) => profileView(this.#session, username));
    router.add("/post/:id", ({ id }) => postView(this.#session, id));
    router.add("/events", () => eventsView(this.#session));
    router.add("/events/new", () => newEventView(this.#session));
    router.add("/event/:id", ({ id }) => eventView(this.#session, id));
    router.add("/event/:id/change", ({ id }) => changeEventView(this.#session, id));
    router.add("/messages(?:/:id)?", (parameters) => messagesView(this.#session, parameters));
    router.add("/notifications", () => notificationsView(this.#session));
    router.add("/settings", () =>
      settingsView(this.#session, logOut, () => this.#end("Your account is deleted.")),
    );
  }

  // Another address for who may not, or need not, see this one.
  #elsewhere(route) {
    if (this.#session === null && !route.open) {
      this.#wanted = location.hash;
      return "#/login";
    }
    return this.#session !== null && ENTRIES.test(location.hash) ? "#/" : null;
  }

  // The token is from before: whose it is, the server knows.
  async #comeBack() {
    try {
      this.#begin(await this.#api.get("/v1/users/me"));
      this.#router.go();
    } catch (error) {
      if (this.#credentials.token === null) return;
      const words = element("p", { class: "trouble", role: "alert" }, error.message);
      const again = button("Try again", () => this.#comeBack(), { class: "primary" });
      this.#shell.leave();
      this.#shell.show(
        {
          title: "Not connected",
          element: element(
            "section",
            { class: "entry" },
            element("h1", { tabindex: "-1" }, "Not connected"),
            words,
            again,
          ),
        },
        true,
      );
    }
  }

  #enter(signedIn, lasting) {
    this.#credentials.keep(signedIn, lasting);
    this.#begin(signedIn.user);
    const wanted = this.#wanted ?? "#/";
    this.#wanted = null;
    this.#router.leave();
    if (location.hash === wanted) this.#router.go();
    else location.hash = wanted;
  }

  #begin(user) {
    this.#session = new Session(this.#api, this.#credentials, user);
    this.#session.socket.sessionEnded.on((closing) => this.#end(closing.words));
    this.#shell.enter(this.#session);
    this.#session.start();
  }

  // This login is over, whoever ended it.
  #end(notice) {
    const before = location.hash;
    this.#router.leave();
    this.#session?.stop();
    this.#session = null;
    this.#credentials.forget();
    this.#notice = notice;
    this.#shell.leave();
    if (before === "#/login") this.#router.go();
    else location.hash = "#/login";
    if (!/^#\/(login|reset|settings)/.test(before)) this.#wanted = before;
  }

  async #logOut() {
    this.#router.leave();
    // Its socket would only hear that its session is revoked.
    this.#session.stop();
    const told = await this.#api.delete("/v1/sessions/current").then(
      () => true,
      (error) => error.status === 401,
    );
    Outbox.forget();
    this.#wanted = null;
    if (this.#session !== null) this.#end("");
    this.#wanted = null;
    if (!told) toast(LEAVING, { kind: "failure" });
  }

  #takeNotice() {
    const notice = this.#notice;
    this.#notice = "";
    return notice;
  }
}

new App().start();
