// Commands that wait for their answers, over reconnects.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { Ended, Refused, Unreachable } from "../../web/network/errors.js";
import { PendingRequests } from "../../web/network/pending_requests.js";
import { settle, VirtualTime } from "./virtual_time.js";

let time;
let requests;

beforeEach(() => {
  time = new VirtualTime();
  time.install();
  requests = new PendingRequests();
});
afterEach(() => time.uninstall());

class FakeConnection {
  sent = [];
  maxFrameBytes = 1000;

  send(frame) {
    this.sent.push(frame);
  }
}

test("unanswered commands are sent again in order on the next connection", async () => {
  const first = new FakeConnection();
  requests.onConnected(first);
  const one = requests.send({ type: "message.send", content: "one" }, null);
  const two = requests.send({ type: "message.send", content: "two" }, null);
  requests.onAnswer({ type: "ok", id: first.sent[0].id, result: "stored" });
  assert.equal(await one, "stored");
  requests.onDisconnected();
  const three = requests.send({ type: "message.send", content: "three" }, null);
  const second = new FakeConnection();
  requests.onConnected(second);
  assert.deepEqual(
    second.sent.map((frame) => frame.content),
    ["two", "three"],
  );
  for (const frame of second.sent) requests.onAnswer({ type: "ok", id: frame.id, result: frame.content });
  assert.deepEqual(await Promise.all([two, three]), ["two", "three"]);
});

test("an answer may arrive on a later connection", async () => {
  const first = new FakeConnection();
  requests.onConnected(first);
  const sent = requests.send({ type: "typing" }, null);
  requests.onDisconnected();
  requests.onConnected(new FakeConnection());
  requests.onAnswer({ type: "ok", id: first.sent[0].id, result: "late" });
  assert.equal(await sent, "late");
});

test("a command without an answer is repeated and never fails by itself", async () => {
  const connection = new FakeConnection();
  requests.onConnected(connection);
  requests.send({ type: "message.send", content: "one" }, null);
  for (let count = 0; count < 3; count += 1) time.runNext();
  assert.equal(connection.sent.length, 4);
});

test("a deadline rejects as unreachable", async () => {
  const sent = requests.send({ type: "typing" }, 5_000);
  time.runNext();
  await assert.rejects(sent, Unreachable);
});

test("a retryable error waits and is sent again, another error rejects", async () => {
  const connection = new FakeConnection();
  requests.onConnected(connection);
  const sent = requests.send({ type: "message.send" }, null);
  const answer = {
    type: "error",
    code: "rate.limited",
    detail: "Slow down.",
    retry: true,
    retry_after_ms: 100,
  };
  requests.onAnswer({ ...answer, id: connection.sent[0].id });
  assert.equal(connection.sent.length, 1);
  time.runNext();
  assert.equal(connection.sent.length, 2);
  const denied = { type: "error", code: "permission.denied", detail: "No.", retry: false };
  requests.onAnswer({ ...denied, id: connection.sent[1].id });
  await assert.rejects(sent, Refused);
});

test("a frame beyond the limit is refused instead of closing the connection", async () => {
  requests.onConnected(new FakeConnection());
  await assert.rejects(requests.send({ type: "message.send", content: "x".repeat(2000) }, null), {
    code: "request.too_large",
  });
});

test("the end of the session rejects what waits and what follows", async () => {
  const waiting = requests.send({ type: "typing" }, null);
  requests.end("logged out");
  await assert.rejects(waiting, Ended);
  await assert.rejects(requests.send({ type: "typing" }, null), Ended);
  await settle();
  assert.equal(time.pending, 0);
});
