// State that is read over HTTP while frames change it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Refused } from "../../web/network/errors.js";
import { ConversationRequests } from "../../web/state/conversation_requests.js";
import { Conversations } from "../../web/state/conversations.js";
import { Notifications } from "../../web/state/notifications.js";

// Answers when the test says so, with what it says.
class SlowApi {
  #waiting = [];

  get() {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  get pending() {
    return this.#waiting.length;
  }

  async answer(value) {
    this.#waiting.shift()(value);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function request(id) {
  return { conversation_id: id, created_at: id };
}

test("a request that arrives while the requests are read stays", async () => {
  const api = new SlowApi();
  const requests = new ConversationRequests(api);
  requests.reload();
  requests.onRequested(request("new"));
  await api.answer({ items: [request("old")] });
  assert.deepEqual(
    requests.list().map((one) => one.conversation_id),
    ["new"],
  );
  await api.answer({ items: [request("new"), request("old")] });
  assert.equal(requests.count, 2);
  assert.equal(api.pending, 0);
});

test("a request that is removed while the requests are read does not come back", async () => {
  const api = new SlowApi();
  const requests = new ConversationRequests(api);
  requests.reload();
  requests.onRemoved("gone");
  await api.answer({ items: [request("gone")] });
  await api.answer({ items: [] });
  assert.equal(requests.count, 0);
  assert.equal(api.pending, 0);
});

test("requests that could not be read are read with the next connection, and only then", async () => {
  const api = new SlowApi();
  const requests = new ConversationRequests(api);
  requests.reload();
  await api.answer(Promise.reject(new Refused({ status: 503, code: "server.unavailable", detail: "" })));
  requests.onConnected();
  await api.answer({ items: [request("asked")] });
  assert.equal(requests.count, 1);
  requests.onConnected();
  assert.equal(api.pending, 0);
});

test("the unread count of a frame is not replaced by one that was read before", async () => {
  const api = new SlowApi();
  const notifications = new Notifications(api);
  notifications.reload();
  notifications.onCreated({ notification: {}, unread_count: 3 });
  await api.answer({ unread_count: 2 });
  assert.equal(notifications.unread, 3);
  notifications.reload();
  await api.answer({ unread_count: 1 });
  assert.equal(notifications.unread, 1);
});

test("a conversation that is left while it is read is not added", async () => {
  const api = new SlowApi();
  const conversations = new Conversations(api, { id: "me" }, { learn() {} });
  const refused = assert.rejects(conversations.get("c1"), Refused);
  conversations.remove("c1");
  await api.answer({ id: "c1", participants: [], last_seq: 1, created_at: "2030-01-01T00:00:00.000Z" });
  assert.equal(conversations.find("c1"), null);
  await api.answer(Promise.reject(new Refused({ status: 404, code: "conversation.not_found", detail: "" })));
  await refused;
  assert.equal(conversations.find("c1"), null);
});
