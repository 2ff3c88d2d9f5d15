// One's notifications: how many are unread, and those that were read from the server, the latest first.
// The socket says what comes and what is read on any device. It never counts by itself.

import { Signal } from "./signal.js";

export class Notifications {
  #api;

  constructor(api) {
    this.#api = api;
    this.unread = 0;
    this.changed = new Signal();
    // What a list that is shown has to do: put one on top, mark some as read, begin anew.
    this.came = new Signal();
    this.wereRead = new Signal();
    this.lost = new Signal();
  }

  page(cursor, unreadOnly) {
    return this.#api.get("/v1/notifications", { cursor, unread: unreadOnly ? "true" : null });
  }

  markRead(id) {
    return this.#api.put(`/v1/notifications/${encodeURIComponent(id)}/read`);
  }

  markAllRead() {
    return this.#api.put("/v1/notifications/read");
  }

  setUnread(unread) {
    this.unread = unread;
    this.changed.emit();
  }

  onCreated({ notification, unread_count: unread }) {
    this.came.emit(notification);
    this.setUnread(unread);
  }

  onRead({ ids, unread_count: unread }) {
    this.wereRead.emit(ids);
    this.setUnread(unread);
  }

  async reload() {
    this.lost.emit();
    try {
      const { unread_count: unread } = await this.#api.get("/v1/notifications/unread_count");
      this.setUnread(unread);
    } catch {
      // The next frame or the next connection tells it.
    }
  }
}
