// The state of one logged-in session: created together, stopped together.

import { Dispatcher } from "../network/dispatcher.js";
import { Socket } from "../network/socket.js";
import { ConversationRequests } from "./conversation_requests.js";
import { Conversations } from "./conversations.js";
import { Drafts } from "./drafts.js";
import { Notifications } from "./notifications.js";
import { PostCounts } from "./post_counts.js";
import { Presence } from "./presence.js";
import { Relationships } from "./relationships.js";
import { Signal } from "./signal.js";
import { UnreadMarks } from "./unread_marks.js";
import { UnsentMessages } from "./unsent_messages.js";
import { UserCards } from "./user_cards.js";

export class Session {
  #profile = null;
  #onVisibilityChange = () => document.visibilityState === "visible" && this.users.recheckLatest();

  constructor(api, credentials, user) {
    this.api = api;
    this.credentials = credentials;
    this.user = user;
    this.userChanged = new Signal();
    this.users = new UserCards(api);
    this.relationships = new Relationships(api, user);
    this.notifications = new Notifications(api);
    this.presence = new Presence(user);
    this.postCounts = new PostCounts();
    // Emits the id of a post that the user deleted.
    this.postDeleted = new Signal();
    this.unreadMarks = new UnreadMarks(user);
    this.conversations = new Conversations(api, user, this.users, this.unreadMarks);
    this.requests = new ConversationRequests(api);
    this.dispatcher = new Dispatcher(this.conversations, this.notifications, this.presence, this.requests);
    this.socket = new Socket(credentials, this.dispatcher);
    this.unsent = new UnsentMessages(this.socket, this.conversations, user);
    this.drafts = new Drafts(user);
  }

  start() {
    this.users.learn([this.user]);
    this.dispatcher.userChanged.on((user) => this.setUser(user));
    const watchAgain = () => this.presence.watchAgain();
    this.conversations.contactsChanged.on(watchAgain);
    this.relationships.changed.on(watchAgain);
    this.notifications.created.on((one) => one.type === "FOLLOW" && watchAgain());
    this.dispatcher.connected.on(({ resumes }) => resumes && this.users.recheckLatest());
    // It could not be read without a connection.
    this.dispatcher.connected.on(() => this.loadProfile().catch(() => null));
    this.unreadMarks.start();
    document.addEventListener("visibilitychange", this.#onVisibilityChange);
    this.presence.start(this.socket);
    this.postCounts.start(this.socket);
    this.dispatcher.postCounts.on((posts) => this.postCounts.update(posts));
    this.dispatcher.connected.on(() => this.postCounts.onConnected());
    this.socket.start();
    this.unsent.start();
  }

  stop() {
    this.socket.stop();
    document.removeEventListener("visibilitychange", this.#onVisibilityChange);
    this.presence.stop();
    this.postCounts.stop();
    this.conversations.close();
    this.unreadMarks.stop();
    this.drafts.stop();
  }

  // Nothing that the user wrote stays in the browser.
  forget() {
    UnsentMessages.forget();
    this.drafts.forget();
    this.unreadMarks.forget();
  }

  // The own profile was changed, here or on another device.
  setUser(user) {
    this.user = { ...this.user, ...user };
    this.users.learn([user]);
    this.userChanged.emit(this.user);
  }

  // The own profile with email and bio. Until it is loaded, `user` may be a card only.
  loadProfile() {
    this.#profile ??= this.api.get("/v1/users/me").then(
      (user) => this.setUser(user),
      (error) => {
        this.#profile = null;
        throw error;
      },
    );
    return this.#profile;
  }

  get isModerator() {
    return Boolean(this.user.role);
  }

  isMe(userId) {
    return userId === this.user.id;
  }
}
