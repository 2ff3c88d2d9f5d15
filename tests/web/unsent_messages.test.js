// Messages that wait to be stored.

import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { test } from "node:test";
import { Ended, Refused } from "../../web/network/errors.js";
import { Signal } from "../../web/state/signal.js";
import { UnsentMessages } from "../../web/state/unsent_messages.js";
import { fakeBrowser } from "./fake_browser.js";
import { settle, VirtualTime } from "./virtual_time.js";

// Node 18 has none.
globalThis.crypto ??= webcrypto;

const ME = { id: "me" };

// Answers when the test says so.
class FakeSocket {
  waiting = [];

  send(command) {
    return new Promise((resolve, reject) => this.waiting.push({ command, resolve, reject }));
  }

  get contents() {
    return this.waiting.map(({ command }) => command.content);
  }

  async answer(settleOne) {
    settleOne(this.waiting.shift());
    await settle();
  }
}

function started(context) {
  fakeBrowser(context);
  const time = new VirtualTime();
  time.install();
  context.after(() => time.uninstall());
  const socket = new FakeSocket();
  const conversations = { changed: new Signal(), observeHead: () => null, recheckMembers: () => null };
  const unsent = new UnsentMessages(socket, conversations, ME);
  return { unsent, socket, conversations };
}

const stored = ({ resolve }) => resolve({ seq: 1 });

test("a message is sent once the one before it is stored, so that their order stays", async (context) => {
  const { unsent, socket } = started(context);
  for (const content of ["one", "two"]) unsent.send("c1", content);
  unsent.send("c2", "elsewhere");
  await settle();
  assert.deepEqual(socket.contents, ["one", "elsewhere"]);
  await socket.answer(stored);
  assert.deepEqual(socket.contents, ["elsewhere", "two"]);
});

test("a message that was refused does not keep the next one back", async (context) => {
  const { unsent, socket } = started(context);
  for (const content of ["one", "two"]) unsent.send("c1", content);
  await settle();
  await socket.answer(({ reject }) => reject(new Refused({ code: "user.blocked", detail: "Blocked." })));
  assert.deepEqual(socket.contents, ["two"]);
  const [failed] = unsent.of("c1");
  assert.deepEqual([failed.state, failed.detail], ["failed", "Blocked."]);
  unsent.retry(failed.clientId);
  await settle();
  assert.deepEqual(socket.contents, ["two"]);
  await socket.answer(stored);
  assert.deepEqual(socket.contents, ["one"]);
});

test("a message that was discarded while it waited is not sent", async (context) => {
  const { unsent, socket } = started(context);
  for (const content of ["one", "two", "three"]) unsent.send("c1", content);
  await settle();
  unsent.discard(unsent.of("c1")[1].clientId);
  await socket.answer(stored);
  assert.deepEqual(socket.contents, ["three"]);
});

test("a message that is gone is neither sent again nor discarded twice", (context) => {
  const { unsent } = started(context);
  unsent.retry("unknown");
  unsent.discard("unknown");
  assert.deepEqual(unsent.of("c1"), []);
});

test("messages of an ended session are sent by the next one, with the same ids and in order", async (context) => {
  const { unsent, socket, conversations } = started(context);
  for (const content of ["one", "two"]) unsent.send("c1", content);
  await settle();
  const ids = unsent.of("c1").map((one) => one.clientId);
  const end = ({ reject }) => reject(new Ended("logged out"));
  await socket.answer(end);
  await socket.answer(end);
  const later = new FakeSocket();
  new UnsentMessages(later, conversations, ME).start();
  await settle();
  await later.answer(({ command, resolve }) => {
    assert.deepEqual([command.content, command.client_id], ["one", ids[0]]);
    resolve({ seq: 1 });
  });
  assert.equal(later.waiting[0].command.client_id, ids[1]);
});
