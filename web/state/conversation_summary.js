// What the conversation list shows of one conversation: its info, the last message, the unread count.
//
//     adopt(info)    the state as the server has it, read over HTTP
//     apply(frame)   one durable frame, in the order of the sequence buffer
//     commit(seq)    every message up to `seq` is part of the unread count
//
// A compacted frame carries an older message at the seq of its latest change. Until `commit`, the ids of
// the messages that were counted are kept, so that none is counted twice.

const MAX_UNREAD = 1000;

export class Summary {
  #me;
  #recount;
  #adoptedSeq;
  #committedSeq;
  #newestSeq;
  #lastMessageId = null;
  #countedIds = new Set();

  // `recount()` is called where only the server knows the unread count.
  constructor(info, me, recount) {
    this.info = info;
    this.#me = me;
    this.#recount = recount;
    this.#adoptedSeq = info.last_seq;
    this.#committedSeq = info.last_seq;
    this.#newestSeq = info.last_seq;
  }

  // Returns whether `info` is as new as what is known; from an older one only the member's own settings count.
  adopt(info, position) {
    if (info.last_seq < Math.max(position, this.#adoptedSeq)) {
      this.info = { ...this.info, muted: info.muted };
      return false;
    }
    const { read_seq: readSeq, unread_count: unread } = this.info;
    this.info = info;
    if (info.read_seq < readSeq) {
      // It was read before our own read mark reached the server.
      this.info = { ...info, read_seq: readSeq, unread_count: unread };
      this.#recount();
    }
    this.#adoptedSeq = info.last_seq;
    this.#newestSeq = Math.max(this.#newestSeq, info.last_seq);
    this.#lastMessageId = null;
    this.commit(info.last_seq);
    return true;
  }

  commit(seq) {
    this.#committedSeq = Math.max(this.#committedSeq, seq);
    this.#countedIds.clear();
  }

  // An own read mark, set here or on another device.
  mark(readSeq, unread) {
    if (readSeq < this.info.read_seq) return false;
    this.info = { ...this.info, read_seq: readSeq, unread_count: unread };
    return true;
  }

  apply(frame) {
    this.info = { ...this.info, last_seq: Math.max(this.info.last_seq, frame.seq) };
    if (frame.changed && frame.seq > this.#adoptedSeq) this.info = withChanges(this.info, frame);
    this.#applyMessage(frame.message);
  }

  #applyMessage(message) {
    const isNew = message.seq > this.#committedSeq && !this.#countedIds.has(message.id);
    const isNewest = isNew && message.seq > this.#newestSeq;
    if (isNew) this.#countedIds.add(message.id);
    if (isNewest) this.#newestSeq = message.seq;
    if (isNewest || this.#isLast(message)) {
      this.#lastMessageId = message.id;
      const { content, sender_id: senderId, created_at: timestamp } = message;
      this.info = { ...this.info, last_message: { content, sender_id: senderId, timestamp } };
    }
    if (message.message_type === "TEXT") this.#count(message, isNew, isNewest);
  }

  #isLast(message) {
    const last = this.info.last_message;
    return (
      message.id === this.#lastMessageId ||
      (last?.timestamp === message.created_at && last.sender_id === message.sender_id)
    );
  }

  #count(message, isNew, isNewest) {
    const { read_seq: readSeq, unread_count: unread } = this.info;
    const mine = message.sender_id === this.#me.id;
    if (mine && isNew && message.seq > readSeq) {
      // Sending a message reads the conversation up to it.
      this.info = { ...this.info, read_seq: message.seq, unread_count: isNewest ? 0 : unread };
      if (!isNewest) this.#recount();
    } else if (!mine && message.seq > readSeq) {
      if (isNew && !message.deleted_at)
        this.info = { ...this.info, unread_count: Math.min(unread + 1, MAX_UNREAD) };
      else if (!isNew && message.deleted_at) this.#recount();
    }
  }
}

function withChanges(info, { changed, member_count: memberCount }) {
  const left = new Set(changed.left ?? []);
  const joined = (changed.joined ?? []).filter(
    (one) => !info.participants.some((other) => other.id === one.id),
  );
  return {
    ...info,
    name: changed.name ?? info.name,
    admins: changed.admins ?? info.admins.filter((id) => !left.has(id)),
    participants: [...info.participants.filter((one) => !left.has(one.id)), ...joined].slice(0, 100),
    member_count: memberCount,
  };
}
