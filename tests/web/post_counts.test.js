// The counts of posts on screen: what the server is asked to watch, and who gets what it reports.

import assert from "node:assert/strict";
import { test } from "node:test";
import { PostCounts } from "../../web/state/post_counts.js";
import { settle, VirtualTime } from "./virtual_time.js";

class FakeSocket {
  isLive = true;
  sent = [];
  answer = { posts: [] };

  async send(command) {
    this.sent.push(command.post_ids);
    if (this.answer instanceof Error) throw this.answer;
    return this.answer;
  }
}

function started(context) {
  const time = new VirtualTime();
  time.install();
  context.after(() => time.uninstall());
  const socket = new FakeSocket();
  const counts = new PostCounts();
  counts.start(socket);
  const tick = async () => {
    time.runNext();
    await settle();
  };
  return { socket, counts, tick };
}

function countsOf(id, likes) {
  return { post_id: id, like_count: likes, comment_count: 0, repost_count: 0 };
}

test("posts that come on screen together are watched with one request", async (context) => {
  const { socket, counts, tick } = started(context);
  const likes = [];
  const listener = ({ like_count: count }, { hasChanged }) => likes.push([count, hasChanged]);
  socket.answer = { posts: [countsOf("a", 3)] };
  counts.show("b", () => {});
  counts.show("a", listener);
  await tick();
  counts.update([countsOf("a", 4), countsOf("z", 9)]);
  assert.deepEqual(socket.sent, [["a", "b"]]);
  assert.deepEqual(likes, [
    [3, false],
    [4, true],
  ]);
});

test("a post is no longer watched once its last card has left the screen", async (context) => {
  const { socket, counts, tick } = started(context);
  const [first, second] = [() => {}, () => {}];
  counts.show("a", first);
  counts.show("a", second);
  counts.show("b", first);
  await tick();
  counts.hide("a", first);
  await tick();
  counts.hide("a", second);
  await tick();
  assert.deepEqual(socket.sent, [["a", "b"], ["b"]]);
});

test("the list is sent again on the next connection, and after a failure when it changes", async (context) => {
  const { socket, counts, tick } = started(context);
  socket.answer = new Error("lost");
  counts.show("a", () => {});
  await tick();
  socket.isLive = false;
  counts.show("b", () => {});
  await tick();
  socket.isLive = true;
  socket.answer = { posts: [] };
  counts.onConnected();
  await tick();
  counts.onConnected();
  await tick();
  assert.deepEqual(socket.sent, [["a"], ["a", "b"], ["a", "b"]]);
});

test("the next list waits for the answer to the last one, which may be repeated", async (context) => {
  const { socket, counts, tick } = started(context);
  const answers = [];
  socket.send = (command) => {
    socket.sent.push(command.post_ids);
    return new Promise((resolve) => answers.push(() => resolve({ posts: [] })));
  };
  counts.show("a", () => {});
  await tick();
  counts.show("b", () => {});
  await tick();
  assert.deepEqual(socket.sent, [["a"]]);
  answers[0]();
  await settle();
  await tick();
  assert.deepEqual(socket.sent, [["a"], ["a", "b"]]);
});

test("the latest hundred posts are watched", async (context) => {
  const { socket, counts, tick } = started(context);
  for (let number = 0; number < 120; number += 1) counts.show(`post ${number}`, () => {});
  await tick();
  assert.equal(socket.sent[0].length, 100);
  assert.ok(socket.sent[0].includes("post 119") && !socket.sent[0].includes("post 19"));
});
