// Messages that others quote: from the window of the timeline, or read once.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Timeline } from "../../web/state/timeline.js";
import { settle } from "./virtual_time.js";

const message = (id, seq, content = id) => ({ id, seq, changed_seq: seq, content, sender_id: "u1" });

// A server whose page is `window`, and that has `others` too. Counts the reads of single messages.
function started(window, others) {
  const reads = [];
  const api = {
    failures: 0,
    async get(path, query) {
      if (query?.limit) return { items: window };
      reads.push(path);
      if (this.failures > 0) {
        this.failures -= 1;
        throw new Error("unreachable");
      }
      const found = others.find((one) => path.endsWith(`/messages/${one.id}`));
      if (!found) throw Object.assign(new Error("not found"), { status: 404 });
      return found;
    },
  };
  const timeline = new Timeline(api, "c1");
  let changes = 0;
  timeline.quotesChanged.on(() => (changes += 1));
  return { timeline, reads, api, changes: () => changes };
}

test("a quoted message of the window is not read", async () => {
  const { timeline, reads } = started([message("m1", 1)], []);
  await timeline.loadLatest();
  assert.equal(timeline.quoted("m1").content, "m1");
  assert.deepEqual(reads, []);
});

test("another one is read once, and follows its changes", async () => {
  const { timeline, reads, changes } = started([message("m9", 9)], [message("m1", 1)]);
  await timeline.loadLatest();
  assert.equal(timeline.quoted("m1"), null);
  assert.equal(timeline.quoted("m1"), null);
  await settle();
  assert.equal(timeline.quoted("m1").content, "m1");
  assert.deepEqual([reads.length, changes()], [1, 1]);
  timeline.put({ ...message("m1", 1, "edited"), changed_seq: 10 });
  assert.deepEqual([timeline.quoted("m1").content, changes()], ["edited", 2]);
});

test("one that does not exist is asked for once, after a failure again", async () => {
  const { timeline, reads, api } = started([], []);
  timeline.quoted("gone");
  await settle();
  assert.equal(timeline.quoted("gone"), null);
  api.failures = 1;
  timeline.quoted("m1");
  await settle();
  timeline.quoted("m1");
  await settle();
  assert.equal(reads.length, 3);
});
