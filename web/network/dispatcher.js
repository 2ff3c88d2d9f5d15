// Routes each server frame to the part of the state that it changes, and keeps the stream position.
//
//     ready | replayed frames, compacted | resumed       then live frames
//     ready | resync                                     then the state is read again over HTTP

import { Signal } from "../state/signal.js";

const MAX_RESUMED = 1500;

export class Dispatcher {
  #conversations;
  #notifications;
  #presence;
  #requests;
  #ready = null;
  #epoch = "";
  #position = 0;
  // The seq after which each conversation is replayed; null when no replay is running.
  #replayAfter = null;
  #requested = new Map();

  constructor(conversations, notifications, presence, requests) {
    this.#conversations = conversations;
    this.#notifications = notifications;
    this.#presence = presence;
    this.#requests = requests;
    this.connected = new Signal();
    this.feedPost = new Signal();
    this.postCounts = new Signal();
    this.eventChanged = new Signal();
    this.userChanged = new Signal();
  }

  // What the next connection sends to resume; null if there is nothing to resume.
  resume() {
    if (this.#ready === null) return null;
    this.#requested = new Map(this.#conversations.positions().slice(0, MAX_RESUMED));
    return {
      session_id: this.#ready.session_id,
      epoch: this.#epoch,
      position: this.#position,
      conversations: Object.fromEntries(this.#requested),
    };
  }

  // The next connection starts without a resume.
  forgetSession() {
    this.#ready = null;
  }

  onReady(ready, resumes) {
    this.#ready = ready;
    this.#conversations.onConnected();
    this.#notifications.setUnread(ready.unread_notifications);
    if (resumes) {
      this.#replayAfter = new Map(this.#requested);
      this.#requests.onConnected();
    } else this.#reload(ready);
    this.#presence.onConnected();
    this.connected.emit({ resumes });
  }

  dispatch(frame) {
    switch (frame.type) {
      case "message.created":
      case "message.updated":
      case "conversation.updated":
        this.#conversations.receive(frame, this.#replayAfter?.get(frame.conversation_id) ?? null);
        break;
      case "lagged":
        // Not all of this conversation is replayed, so its further frames count as live ones.
        this.#replayAfter?.delete(frame.conversation_id);
        this.#conversations.observeHead(frame.conversation_id, frame.to_seq);
        break;
      case "conversation.read":
        this.#conversations.onReadBy(frame);
        break;
      case "typing":
        this.#conversations.onTyping(frame);
        break;
      case "conversation.joined":
      case "conversation.left":
      case "conversation.marked":
      case "conversation.requested":
      case "conversation.request_removed":
      case "notification.created":
      case "notification.read":
        this.#dispatchStream(frame);
        break;
      case "resumed":
        this.#onResumed(frame);
        break;
      case "resync":
        this.#reload(frame);
        break;
      case "presence.changed":
        this.#presence.update(frame.presences);
        break;
      case "feed.post_created":
        this.feedPost.emit(frame.post);
        break;
      case "post.counts_changed":
        this.postCounts.emit(frame.posts);
        break;
      case "event.updated":
        this.eventChanged.emit(frame.event);
        break;
      case "user.updated":
        this.userChanged.emit(frame.user);
        break;
      default:
      // Frame types of newer servers are ignored.
    }
  }

  #dispatchStream(frame) {
    const known = frame.position <= this.#position;
    // A resume names the conversations that were left at the current position, outside of the stream.
    if (known && !(this.#replayAfter !== null && frame.type === "conversation.left")) return;
    this.#position = Math.max(this.#position, frame.position);
    switch (frame.type) {
      case "conversation.joined":
        this.#replayAfter?.set(frame.conversation.id, frame.conversation.last_seq);
        this.#conversations.add(frame.conversation);
        break;
      case "conversation.left":
        this.#conversations.remove(frame.conversation_id);
        break;
      case "conversation.marked":
        this.#conversations.onMarked(frame);
        break;
      case "conversation.requested":
        this.#requests.onRequested(frame.request);
        break;
      case "conversation.request_removed":
        this.#requests.onRemoved(frame.conversation_id);
        break;
      case "notification.created":
        this.#notifications.onCreated(frame);
        break;
      default:
        this.#notifications.onRead(frame);
    }
  }

  #onResumed(frame) {
    const replayAfter = this.#replayAfter ?? new Map();
    this.#replayAfter = null;
    for (const [id, seq] of Object.entries(frame.last_seqs)) {
      if (replayAfter.has(id)) this.#conversations.completeReplay(id, replayAfter.get(id), seq);
      else this.#conversations.observeHead(id, seq);
    }
    // Conversations beyond the limit were not resumed: what they missed is read from the list.
    if (this.#conversations.positions().length > MAX_RESUMED) this.#conversations.reload();
  }

  #reload({ epoch, position }) {
    this.#replayAfter = null;
    this.#epoch = epoch;
    this.#position = position;
    this.#conversations.reload();
    this.#notifications.reload();
    this.#requests.reload();
  }
}
