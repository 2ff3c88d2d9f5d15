// Everything that lives while somebody is logged in: put together here, begun and ended together. Nothing
// of one login is left for the next.

import { Conversations } from "./conversations.js";
import { Notifications } from "./notifications.js";
import { Outbox } from "./outbox.js";
import { People } from "./people.js";
import { Presence } from "./presence.js";
import { Relations } from "./relations.js";
import { Dispatcher } from "../wire/dispatcher.js";
import { Socket } from "../wire/socket.js";
import { Signal } from "./signal.js";

export class Session {
  constructor(api, credentials, user) {
    this.api = api;
    this.credentials = credentials;
    this.user = user;
    this.userChanged = new Signal();
    this.people = new People(api);
    this.relations = new Relations(api, user);
    this.notifications = new Notifications(api);
    this.presence = new Presence();
    this.conversations = new Conversations(api, user, this.people);
    this.dispatcher = new Dispatcher(this.conversations, this.notifications, this.presence);
    this.socket = new Socket(credentials, this.dispatcher);
    this.outbox = new Outbox(this.socket, this.conversations, user);
    // What was begun to be written, by conversation.
    this.drafts = new Map();
  }

  start() {
    this.people.learn([this.user]);
    this.dispatcher.userChanged.on((user) => this.renew(user));
    const others = () => this.presence.renew();
    this.conversations.contactsChanged.on(others);
    this.relations.changed.on(others);
    this.notifications.came.on((one) => one.type === "FOLLOW" && others());
    this.presence.start(this.socket);
    this.socket.start();
    this.outbox.start();
  }

  stop() {
    this.socket.stop();
    this.presence.stop();
    this.conversations.close();
  }

  // One's own profile is another, changed here or on another device.
  renew(user) {
    this.user = user;
    this.people.learn([user]);
    this.userChanged.emit(user);
  }

  isMe(userId) {
    return userId === this.user.id;
  }
}
