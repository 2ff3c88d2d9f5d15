// The user's notifications: the unread count as the server reports it, and signals for a displayed list.

import { Signal } from "./signal.js";

export class Notifications {
  #api;
  // How often the unread count was learned.
  #counts = 0;

  constructor(api) {
    this.#api = api;
    this.unread = 0;
    this.unreadChanged = new Signal();
    this.created = new Signal();
    // Emits created ones that may alert the user.
    this.alerted = new Signal();
    // Emits the ids that were read, or null for all.
    this.read = new Signal();
    // Emits the ids of notifications that no longer exist.
    this.withdrawn = new Signal();
    // Notifications may have been missed: lists are loaded again.
    this.outdated = new Signal();
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
    this.#counts += 1;
    this.unread = unread;
    this.unreadChanged.emit();
  }

  // `silent`: in the user's quiet hours.
  onCreated({ notification, unread_count: unread, silent = false }) {
    this.created.emit(notification);
    if (!silent) this.alerted.emit(notification);
    this.setUnread(unread);
  }

  onRead({ ids, unread_count: unread, withdrawn }) {
    if (withdrawn) this.withdrawn.emit(ids);
    else this.read.emit(ids);
    this.setUnread(unread);
  }

  async reload() {
    this.outdated.emit();
    const counts = this.#counts;
    try {
      const { unread_count: unread } = await this.#api.get("/v1/notifications/unread_count");
      // A count that a frame brought meanwhile may be newer than this one, and every change brings one.
      if (counts === this.#counts) this.setUnread(unread);
    } catch {
      // The next notification or the next connection brings the count.
    }
  }
}
