// Conversations that the user marked as unread.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Conversations } from "../../web/state/conversations.js";
import { UnreadMarks } from "../../web/state/unread_marks.js";

class FakeStorage {
  items = new Map();
  getItem = (key) => this.items.get(key) ?? null;
  setItem = (key, value) => this.items.set(key, value);
  removeItem = (key) => this.items.delete(key);
}

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

test("damaged marks are ignored", () => {
  const storage = new FakeStorage();
  storage.setItem("convene.unread.me", "{");
  assert.equal(new UnreadMarks(ME, storage).get("c1"), null);
});
