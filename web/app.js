// The entry point: holds the session, defines the routes and puts the parts together.

import { startAlerts } from "./components/alerts.js";
import { closeDialogs } from "./components/dialog.js";
import { button, element, errorText, oneAtATime } from "./components/dom.js";
import { shareInFront } from "./components/in_front.js";
import { startShortcuts } from "./components/shortcuts.js";
import { applyTheme } from "./components/theme.js";
import { registerServiceWorker } from "./components/installation.js";
import { refreshRelativeTimes } from "./components/time_format.js";
import { toast } from "./components/toast.js";
import { t } from "./i18n.js";
import { Api } from "./network/api.js";
import { CloseInfo } from "./network/close_info.js";
import { Credentials } from "./network/credentials.js";
import { Router } from "./router.js";
import { Shell } from "./shell.js";
import { Session } from "./state/session.js";
import { forgotView, loginView, registerView } from "./views/auth.js";
import { feedView } from "./views/feed.js";

const AUTH_ROUTES = /^#\/(login|register|forgot)$/;

class App {
  #credentials = new Credentials();
  #api = new Api(this.#credentials);
  #shell = new Shell(document.getElementById("app"));
  #router = new Router({
    show: (view, options) => this.#shell.show(view, options),
    redirect: (route) => this.#redirect(route),
    setBusy: (busy) => this.#shell.setBusy(busy),
  });
  #session = null;
  #notice = "";
  // The address to open after the login.
  #afterLogin = null;

  // `textsAddress`: of the texts of the language.
  async start({ textsAddress }) {
    applyTheme();
    refreshRelativeTimes();
    addEventListener("hashchange", closeDialogs);
    shareInFront();
    startShortcuts();
    registerServiceWorker(textsAddress);
    this.#addRoutes();
    this.#api.unauthorized.on((error) => this.#end(CloseInfo.fromAuthError(error.code).text));
    this.#credentials.onChangedElsewhere(() => location.reload());
    if (this.#credentials.load() === null) {
      this.#shell.leave();
      this.#router.go();
    } else {
      await this.#restore();
    }
  }

  #addRoutes() {
    const router = this.#router;
    const api = this.#api;
    const enter = (...login) => this.#enter(...login);
    const onReset = () => this.#end(t("app.password_changed"));
    const onEmailRestored = () => this.#end(t("app.email_restored"));
    const onDeleted = () => this.#end(t("app.account_deleted"));
    router.add("/login", () => loginView(api, enter, this.#notice), { open: true });
    router.add("/register", () => registerView(api, enter), { open: true });
    router.add("/forgot", () => forgotView(api), { open: true });
    const emailLinks = () => import("./views/email_links.js");
    router.add("/reset/:token", ({ token }, { resetView }) => resetView(api, token, onReset), {
      open: true,
      load: emailLinks,
    });
    router.add("/verify/:token", ({ token }, { verifyView }) => verifyView(api, token), {
      open: true,
      load: emailLinks,
    });
    router.add(
      "/undo-email-change/:token",
      ({ token }, { undoEmailChangeView }) => undoEmailChangeView(api, token, onEmailRestored),
      { open: true, load: emailLinks },
    );
    for (const path of ["/undo-email-change", "/reset", "/verify"])
      router.add(path, (_, { usedView }) => usedView(), { open: true, load: emailLinks });
    router.add("/", () => feedView(this.#session));
    this.#addPostRoutes();
    this.#addEventRoutes();
    this.#addModerationRoutes();
    router.add("/people", ({ query }, { peopleView }) => peopleView(this.#session, query), {
      load: () => import("./views/people.js"),
    });
    router.add("/@:username", ({ username }, { profileView }) => profileView(this.#session, username), {
      load: () => import("./views/profile.js"),
    });
    router.add(
      "/messages(?:/:id)?",
      (parameters, { messagesView }) => messagesView(this.#session, parameters),
      {
        load: () => import("./views/messages.js"),
      },
    );
    router.add("/notifications", (_, { notificationsView }) => notificationsView(this.#session), {
      load: () => import("./views/notifications.js"),
    });
    router.add(
      "/settings",
      (_, { settingsView }) => settingsView(this.#session, () => this.#logOut(), onDeleted),
      { load: () => import("./views/settings.js") },
    );
  }

  #addPostRoutes() {
    const router = this.#router;
    const load = () => import("./views/post_lists.js");
    router.add("/post/:id", ({ id }, { pages }) => pages.post(this.#session, id), { load });
    router.add("/public", (_, { pages }) => pages.public(this.#session), { load });
    router.add("/tags", (_, { pages }) => pages.tags(this.#session), { load });
    router.add("/bookmarks", (_, { pages }) => pages.bookmarks(this.#session), { load });
    router.add("/tag/:tag", ({ tag }, { pages }) => pages.tag(this.#session, tag), { load });
  }

  #addEventRoutes() {
    const router = this.#router;
    const load = () => import("./views/event_pages.js");
    const loadForm = () => import("./views/event_form.js");
    router.add("/events", (_, { pages }) => pages.events(this.#session), { load });
    router.add("/events/new", (_, { newEventView }) => newEventView(this.#session), { load: loadForm });
    router.add("/event/:id", ({ id }, { pages }) => pages.event(this.#session, id), { load });
    router.add("/event/:id/edit", ({ id }, { editEventView }) => editEventView(this.#session, id), {
      load: loadForm,
    });
    router.add("/event/:id/check-in/:user/:code", (place, { pages }) => pages.checkIn(this.#session, place), {
      load,
    });
  }

  #addModerationRoutes() {
    const router = this.#router;
    const load = () => import("./views/moderation_pages.js");
    router.add("/moderation", (_, { pages }) => pages.reports(this.#session), { load });
    router.add("/moderation/report/:id", ({ id }, { pages }) => pages.report(this.#session, id), { load });
    for (const name of ["appeals", "people", "audit", "registrations"])
      router.add(`/moderation/${name}`, (_, { pages }) => pages[name](this.#session), { load });
    router.add("/actions", (_, { receivedModerationView }) => receivedModerationView(this.#session), {
      load: () => import("./views/received_moderation.js"),
    });
  }

  #redirect(route) {
    if (this.#session === null && !route.open) {
      this.#afterLogin = location.hash;
      return "#/login";
    }
    return this.#session !== null && AUTH_ROUTES.test(location.hash) ? "#/" : null;
  }

  // Continues the session of a stored token.
  async #restore() {
    if (this.#credentials.user !== null) {
      this.#begin(this.#credentials.user);
      this.#router.go();
      // A token that is no longer valid ends the session, see `unauthorized`.
      this.#session.loadProfile().catch(() => null);
      return;
    }
    try {
      this.#begin(await this.#api.get("/v1/users/me"));
      this.#router.go();
    } catch (error) {
      if (this.#credentials.token === null) return;
      const retry = button(t("common.try_again"), oneAtATime(() => this.#restore()), { class: "primary" });
      const heading = element("h1", { tabindex: "-1" }, t("app.cant_connect"));
      const view = element("section", { class: "auth-card" }, heading, errorText(error.message), retry);
      this.#shell.leave();
      this.#shell.show({ title: t("app.cant_connect"), element: view }, { isNew: true });
    }
  }

  #enter(login, persistent) {
    this.#credentials.save(login, persistent);
    this.#begin(login.user);
    const target = this.#afterLogin ?? "#/";
    this.#afterLogin = null;
    this.#router.closeAll();
    if (location.hash === target) this.#router.go();
    else location.hash = target;
  }

  #begin(user) {
    this.#notice = "";
    this.#session = new Session(this.#api, this.#credentials, user);
    this.#session.socket.sessionEnded.on((info) => this.#end(info.text));
    this.#shell.enter(this.#session);
    startAlerts(this.#session);
    this.#session.start();
  }

  // The session ended, here or elsewhere. The login shows `notice`, the later one if this is called twice: the
  // socket may learn that the account was deleted before the request that deleted it is answered.
  #end(notice) {
    const address = location.hash;
    this.#router.closeAll();
    this.#session?.stop();
    this.#session = null;
    this.#credentials.forget();
    this.#notice = notice;
    this.#shell.leave();
    if (address === "#/login") this.#router.go();
    else location.hash = "#/login";
    if (!/^#\/(login|reset|undo-email-change|settings)/.test(address)) this.#afterLogin = address;
  }

  async #logOut() {
    this.#router.closeAll();
    // Stopped first: its socket would only report that the session was revoked. Forgotten before the request, during
    // which the page is loaded again if another tab learns of the end of the session first.
    this.#session.stop();
    this.#session.forget();
    const revoked = await this.#api.delete("/v1/sessions/current").then(
      () => true,
      (error) => error.status === 401,
    );
    if (this.#session !== null) this.#end("");
    this.#afterLogin = null;
    if (!revoked) toast(t("app.logout_failed"), { kind: "error" });
  }
}

export function run(options) {
  new App().start(options);
}
