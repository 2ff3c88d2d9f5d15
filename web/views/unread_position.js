// Where the unread messages of an open conversation begin: after the read mark of the server, or where the user marked it
// as unread.

import { isInFront } from "../components/in_front.js";

export class UnreadPosition {
  #session;
  #conversation;
  // The user marked it as unread while it is open.
  #isKept = false;
  // The "New" divider is placed before the first message of others after this seq; null for none.
  newAfter = null;
  // The seq up to which the user had read when the conversation was opened.
  readSeq = 0;

  constructor(session, conversation) {
    this.#session = session;
    this.#conversation = conversation;
  }

  // The conversation is opened. Returns how many messages are unread.
  begin() {
    const { conversations, unreadMarks } = this.#session;
    const unread = conversations.unreadOf(this.#conversation);
    const marked = unreadMarks.get(this.#conversation.id)?.seq ?? Infinity;
    this.readSeq = Math.min(this.#conversation.info.read_seq, marked - 1);
    this.newAfter = unread > 0 ? this.readSeq : null;
    return unread;
  }

  // What arrives while the window is not in front is unread: it begins there.
  onArrived() {
    const { read_seq: readSeq } = this.#conversation.info;
    if (!isInFront() && !(this.newAfter > readSeq)) this.newAfter = readSeq;
  }

  // The message and what follows are unread again, until the conversation is opened again and seen to its end.
  mark({ seq }, timeline) {
    const count = timeline.countUnread(seq - 1, this.#session.user.id) ?? 1;
    const { last_seq: lastSeq } = this.#conversation.info;
    this.#isKept = true;
    this.#session.unreadMarks.set(this.#conversation.id, { seq, count, lastSeq });
    this.newAfter = seq - 1;
  }

  // The user saw the message with that seq.
  onSeen(seq, timeline) {
    const isEnd = !timeline.hasNewer && seq >= (timeline.messages.at(-1)?.seq ?? Infinity);
    if (isEnd && !this.#isKept) this.#session.unreadMarks.clear(this.#conversation.id);
  }

  clear() {
    this.newAfter = null;
    this.#session.unreadMarks.clear(this.#conversation.id);
  }
}
