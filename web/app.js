// The entry point: holds the session, defines the routes and puts the parts together.

import { startDesktopNotifications } from "./components/desktop_notifications.js";
import { closeDialogs } from "./components/dialog.js";
import { button, element, errorText } from "./components/dom.js";
import { startShortcuts } from "./components/shortcuts.js";
import { applyTheme } from "./components/theme.js";
import { registerServiceWorker } from "./components/installation.js";
import { refreshRelativeTimes } from "./components/time_format.js";
import { toast } from "./components/toast.js";
import { Api } from "./network/api.js";
import { CloseInfo } from "./network/close_info.js";
import { Credentials } from "./network/credentials.js";
import { Router } from "./router.js";
import { Shell } from "./shell.js";
import { Session } from "./state/session.js";
import { UnsentMessages } from "./state/unsent_messages.js";
import { forgotView, loginView, registerView } from "./views/auth.js";
import { bookmarksView } from "./views/bookmarks.js";
import { resetView, undoEmailChangeView, usedView, verifyView } from "./views/email_links.js";
import { checkInView } from "./views/check_in.js";
import { eventView } from "./views/event.js";
import { editEventView, newEventView } from "./views/event_form.js";
import { eventsView } from "./views/events.js";
import { feedView } from "./views/feed.js";
import { followedTagsView } from "./views/followed_tags.js";
import { messagesView } from "./views/messages.js";
import { moderationAppealsView } from "./views/moderation_appeals.js";
import { moderationAuditView } from "./views/moderation_audit.js";
import { moderationPeopleView } from "./views/moderation_people.js";
import { moderationRegistrationsView } from "./views/moderation_registrations.js";
import { moderationReportsView, moderationReportView } from "./views/moderation_reports.js";
import { notificationsView } from "./views/notifications.js";
import { ownActionsView } from "./views/own_actions.js";
import { peopleView } from "./views/people.js";
import { postView } from "./views/post.js";
import { profileView } from "./views/profile.js";
import { publicTimelineView } from "./views/public_timeline.js";
import { settingsView } from "./views/settings.js";
import { tagView } from "./views/tag.js";

const AUTH_ROUTES = /^#\/(login|register|forgot)$/;
const LOGOUT_FAILED =
  "You are logged out in this browser, but the server could not be reached. " +
  "To end this session, go to the settings on another device.";

class App {
  #credentials = new Credentials();
  #api = new Api(this.#credentials);
  #shell = new Shell(document.getElementById("app"));
  #router = new Router(
    (view, options) => this.#shell.show(view, options),
    (route) => this.#redirect(route),
  );
  #session = null;
  #notice = "";
  // The address to open after the login.
  #afterLogin = null;

  async start() {
    applyTheme();
    refreshRelativeTimes();
    addEventListener("hashchange", closeDialogs);
    startShortcuts();
    registerServiceWorker();
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
    const onReset = () => this.#end("Your password was changed. Log in with the new one.");
    const onEmailRestored = () =>
      this.#end("Your email address was restored. We sent it a link to choose a new password.");
    const onDeleted = () => this.#end("Your account was deleted.");
    router.add("/login", () => loginView(api, enter, this.#notice), { open: true });
    router.add("/register", () => registerView(api, enter), { open: true });
    router.add("/forgot", () => forgotView(api), { open: true });
    router.add("/reset/:token", ({ token }) => resetView(api, token, onReset), { open: true });
    router.add("/verify/:token", ({ token }) => verifyView(api, token), { open: true });
    router.add(
      "/undo-email-change/:token",
      ({ token }) => undoEmailChangeView(api, token, onEmailRestored),
      { open: true },
    );
    router.add("/undo-email-change", usedView, { open: true });
    router.add("/reset", usedView, { open: true });
    router.add("/verify", usedView, { open: true });
    router.add("/", () => feedView(this.#session));
    router.add("/people", ({ query }) => peopleView(this.#session, query));
    router.add("/@:username", ({ username }) => profileView(this.#session, username));
    router.add("/post/:id", ({ id }) => postView(this.#session, id));
    router.add("/public", () => publicTimelineView(this.#session));
    router.add("/tags", () => followedTagsView(this.#session));
    router.add("/bookmarks", () => bookmarksView(this.#session));
    router.add("/tag/:tag", ({ tag }) => tagView(this.#session, tag));
    router.add("/events", () => eventsView(this.#session));
    router.add("/events/new", () => newEventView(this.#session));
    router.add("/event/:id", ({ id }) => eventView(this.#session, id));
    router.add("/event/:id/check-in/:user/:code", (place) => checkInView(this.#session, place));
    router.add("/event/:id/edit", ({ id }) => editEventView(this.#session, id));
    router.add("/messages(?:/:id)?", (parameters) => messagesView(this.#session, parameters));
    router.add("/notifications", () => notificationsView(this.#session));
    router.add("/moderation", () => moderationReportsView(this.#session));
    router.add("/moderation/report/:id", ({ id }) => moderationReportView(this.#session, id));
    router.add("/moderation/appeals", () => moderationAppealsView(this.#session));
    router.add("/moderation/people", () => moderationPeopleView(this.#session));
    router.add("/moderation/audit", () => moderationAuditView(this.#session));
    router.add("/moderation/registrations", () => moderationRegistrationsView(this.#session));
    router.add("/actions", () => ownActionsView(this.#session));
    router.add("/settings", () => settingsView(this.#session, () => this.#logOut(), onDeleted));
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
      const retry = button("Try again", () => this.#restore(), { class: "primary" });
      const heading = element("h1", { tabindex: "-1" }, "Can't connect");
      const view = element("section", { class: "auth-card" }, heading, errorText(error.message), retry);
      this.#shell.leave();
      this.#shell.show({ title: "Can't connect", element: view }, { isNew: true });
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
    startDesktopNotifications(this.#session);
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
    const { drafts } = this.#session;
    // Stopped first: its socket would only report that the session was revoked.
    this.#session.stop();
    const revoked = await this.#api.delete("/v1/sessions/current").then(
      () => true,
      (error) => error.status === 401,
    );
    UnsentMessages.forget();
    drafts.forget();
    if (this.#session !== null) this.#end("");
    this.#afterLogin = null;
    if (!revoked) toast(LOGOUT_FAILED, { kind: "error" });
  }
}

new App().start();
