// The two replies to a message, with the same fields as those of the baselines.
"use strict";

const hex = (value, digits) => value.toString(16).padStart(digits, "0");

/** `ok` for the sender, `created` for every member. */
exports.accept = (command, senderId, seq) => {
  const createdAt = new Date().toISOString();
  const id = hex(seq, 24);
  const message = {
    id,
    conversation_id: command.conversation_id,
    seq,
    changed_seq: seq,
    sender_id: senderId,
    client_id: command.client_id,
    content: command.content,
    created_at: createdAt,
    message_type: "TEXT",
    mentions: [],
    reply_to: null,
    reactions: [],
    edited_at: null,
    deleted_at: null,
    delivery_status: { read_by: [], read_count: 0 },
  };
  const result = { message_id: id, seq, created_at: createdAt, duplicate: false };
  return {
    ok: { type: "ok", id: command.id, result },
    created: { type: "message.created", conversation_id: command.conversation_id, seq, message },
  };
};
