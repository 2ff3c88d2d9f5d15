// What is done with each frame that comes: it goes to the part of the state that it is about.
//
//     ready | missed frames, compacted | resumed       and then live frames; or `resync`: read anew
//
// It keeps the place in the user stream, and knows what a connection has to be told to resume. It never
// opens one.

import { Signal } from "../state/signal.js";

const RESUME_CONVERSATIONS = 1500;

export class Reception {
  #conversations;
  #notifications;
  #presence;
  #ready = null;
  #epoch = "";
  #position = 0;
  #replaying = false;

  constructor(conversations, notifications, presence) {
    this.#conversations = conversations;
    this.#notifications = notifications;
    this.#presence = presence;
    this.connected = new Signal();
    this.feedPost = new Signal();
    this.eventChanged = new Signal();
    this.userChanged = new Signal();
  }

  // From where the next connection goes on; null where there is nothing to go on from.
  resume() {
    if (this.#ready === null) return null;
    const conversations = Object.fromEntries(this.#conversations.positions().slice(0, RESUME_CONVERSATIONS));
    return {
      session_id: this.#ready.session_id,
      epoch: this.#epoch,
      position: this.#position,
      conversations,
    };
  }

  startAnew() {
    this.#ready = null;
  }

  begin(ready, resumes) {
    this.#ready = ready;
    this.#notifications.counted(ready.unread_notifications);
    this.#replaying = resumes;
    if (!resumes) this.#readAnew(ready);
    this.#presence.connected();
    this.connected.emit({ resumes });
  }

  take(frame) {
    switch (frame.type) {
      case "message.created":
      case "message.updated":
      case "conversation.updated":
        this.#conversations.take(frame, this.#replaying);
        break;
      case "lagged":
        this.#conversations.expect(frame.conversation_id, frame.from_seq, frame.to_seq);
        break;
      case "conversation.read":
        this.#conversations.readBy(frame);
        break;
      case "typing":
        this.#conversations.typing(frame);
        break;
      case "conversation.joined":
      case "conversation.left":
      case "conversation.marked":
      case "notification.created":
      case "notification.read":
        this.#takeStreamed(frame);
        break;
      case "resumed":
        this.#resumed(frame);
        break;
      case "resync":
        this.#readAnew(frame);
        break;
      case "presence.changed":
        this.#presence.told(frame.presences);
        break;
      case "feed.post_created":
        this.feedPost.emit(frame.post);
        break;
      case "event.updated":
        this.eventChanged.emit(frame.event);
        break;
      case "user.updated":
        this.userChanged.emit(frame.user);
        break;
      default:
      // A newer server says more than we know of.
    }
  }

  #takeStreamed(frame) {
    // Of conversations that one is no longer in, a resume tells outside of the stream, at its head.
    const known = frame.position <= this.#position;
    if (known && !(this.#replaying && frame.type === "conversation.left")) return;
    this.#position = Math.max(this.#position, frame.position);
    switch (frame.type) {
      case "conversation.joined":
        this.#conversations.joined(frame.conversation);
        break;
      case "conversation.left":
        this.#conversations.left(frame.conversation_id);
        break;
      case "conversation.marked":
        this.#conversations.marked(frame);
        break;
      case "notification.created":
        this.#notifications.created(frame);
        break;
      default:
        this.#notifications.read(frame);
    }
  }

  #resumed(frame) {
    this.#replaying = false;
    for (const [id, seq] of Object.entries(frame.last_seqs)) this.#conversations.complete(id, seq);
    // The rest was live only: what was missed of it is known to the store alone.
    if (this.#conversations.positions().length > RESUME_CONVERSATIONS) this.#conversations.readAnew();
  }

  #readAnew({ epoch, position }) {
    this.#replaying = false;
    this.#epoch = epoch;
    this.#position = position;
    this.#conversations.readAnew();
    this.#notifications.readAnew();
  }
}
