// Conversations that the user marked as unread.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Conversations } from "../../web/state/conversations.js";
import { UnreadMarks } from "../../web/state/unread_marks.js";
import { FakeStorage, fakeBrowser } from "./fake_browser.js";

const ME = { id: "me" };
const info = (id, unread, muted = false) => ({
  id,
  participants: [],
  admins: [],
  last_seq: 9,
  read_seq: 9,
  unread_count: unread,
  muted,
  last_message: null,
  created_at: "2026-01-01T00:00:00.000Z",
});

test("a mark counts like unread messages, and is known after a reload", () => {
  const storage = new FakeStorage();
  const marks = new UnreadMarks(ME, storage);
  const conversations = new Conversations({}, ME, { learn: () => null }, marks);
  const changes = [];
  for (const one of [info("c1", 0), info("c2", 4), info("c3", 0, true)]) conversations.add(one);
  conversations.changed.on((one) => changes.push(one.id));
  marks.set("c1", { seq: 7, count: 3 });
  marks.set("c2", { seq: 9, count: 1 });
  marks.set("c3", { seq: 9, count: 1 });
  assert.deepEqual(changes, ["c1", "c2", "c3"]);
  assert.equal(conversations.unread, 7);
  assert.deepEqual(new UnreadMarks(ME, storage).get("c1"), { seq: 7, count: 3 });
  assert.equal(new UnreadMarks({ id: "other" }, storage).get("c1"), null);
});

test("a cleared mark is gone, also from the browser", () => {
  const storage = new FakeStorage();
  const marks = new UnreadMarks(ME, storage);
  const changes = [];
  marks.changed.on((id) => changes.push(id));
  marks.set("c1", { seq: 7, count: 3 });
  marks.clear("c1");
  marks.clear("c1");
  assert.deepEqual([marks.get("c1"), storage.items.size, changes], [null, 0, ["c1", "c1"]]);
});

test("messages that arrive after a mark count too", () => {
  const marks = new UnreadMarks(ME, new FakeStorage());
  const conversations = new Conversations({}, ME, { learn: () => null }, marks);
  const conversation = conversations.add(info("c1", 0));
  marks.set("c1", { seq: 7, count: 3, lastSeq: 9 });
  assert.equal(conversations.unreadOf(conversation), 3);
  conversation.update({ ...info("c1", 2), last_seq: 11 });
  assert.equal(conversations.unreadOf(conversation), 5);
  // Some of those that were marked had not been read at all.
  marks.set("c1", { seq: 7, count: 5, lastSeq: 11 });
  assert.equal(conversations.unreadOf(conversation), 5);
});

test("tabs share their marks", (context) => {
  const { emit } = fakeBrowser(context);
  const storage = new FakeStorage();
  const [one, other] = [new UnreadMarks(ME, storage), new UnreadMarks(ME, storage)];
  const changes = [];
  other.changed.on((id) => changes.push(id));
  other.start();
  one.set("c1", { seq: 7, count: 3 });
  emit("storage", { key: "convene.unread.me" });
  assert.deepEqual([other.get("c1")?.count, changes], [3, ["c1"]]);
  other.set("c2", { seq: 1, count: 1 });
  one.clear("c1");
  assert.equal(new UnreadMarks(ME, storage).get("c2").count, 1);
  emit("storage", { key: "convene.unread.me" });
  assert.equal(other.get("c1"), null);
  other.stop();
  one.set("c1", { seq: 7, count: 3 });
  emit("storage", { key: "convene.unread.me" });
  assert.equal(other.get("c1"), null);
});

test("damaged marks are ignored", () => {
  const storage = new FakeStorage();
  storage.setItem("convene.unread.me", "{");
  assert.equal(new UnreadMarks(ME, storage).get("c1"), null);
});
