// Property test: live frames, list answers, `/changes` pages, reconnects, opening, scrolling and failures,
// in every order, against a model of the server. CONVENE_WEB_RUNS sets the number of runs, CONVENE_WEB_SEED
// the first seed.

import assert from "node:assert/strict";
import test from "node:test";
import { Conversations } from "../../web/state/conversations.js";
import { Dispatcher } from "../../web/network/dispatcher.js";
import { ME, ModelServer } from "./model_server.js";
import { Random } from "./random.js";
import { settle, VirtualTime } from "./virtual_time.js";

const RUNS = Number(process.env.CONVENE_WEB_RUNS ?? 2000);
const FIRST_SEED = Number(process.env.CONVENE_WEB_SEED ?? 1);
const STEPS = 60;
const MAX_DRAIN = 2000;
const MAX_REPLAY = 200;
// More than the client reads from `/changes`: it drops its timeline and reads the newest page.
const LONG_OUTAGE = 2100;

// One client with a connection to the model.
class Client {
  constructor(server, random) {
    this.server = server;
    this.random = random;
    this.conversations = new Conversations(server, ME, { learn: () => null, recheck: () => null });
    const ignore = () => null;
    this.dispatcher = new Dispatcher(
      this.conversations,
      { setUnread: ignore, reload: ignore },
      { onConnected: ignore },
      { onConnected: ignore, reload: ignore },
    );
    // Frames that were sent and have not arrived; null while disconnected.
    this.line = null;
    this.connect();
  }

  get conversation() {
    return this.conversations.find("c1");
  }

  write(options) {
    const frame = this.server.write(options);
    if (this.line === null) return;
    // A loss on the bus is noticed by the server, which then sends `lagged` or what is missing.
    if (this.random.chance(0.05)) {
      const { seq } = frame;
      this.line.push({ type: "lagged", conversation_id: "c1", from_seq: seq, to_seq: seq });
    } else this.line.push(frame);
  }

  deliver() {
    if (this.line?.length > 0) this.dispatcher.dispatch(this.line.shift());
  }

  disconnect() {
    this.line = null;
  }

  connect() {
    const resume = this.dispatcher.resume();
    const { head } = this.server;
    this.dispatcher.onReady(
      { session_id: "s", epoch: "e", position: 1, unread_notifications: 0 },
      resume !== null,
    );
    this.line = [];
    if (resume === null) return;
    if (this.random.chance(0.3)) {
      this.line.push({ type: "resync", reason: "expired", epoch: "e", position: 1 });
      return;
    }
    const after = resume.conversations.c1;
    const lastSeqs = {};
    if (after !== undefined) {
      lastSeqs.c1 = head;
      const missed = this.server.replay(after, head);
      if (missed.length > MAX_REPLAY || (missed.length > 0 && this.random.chance(0.2)))
        this.line.push({ type: "lagged", conversation_id: "c1", from_seq: after + 1, to_seq: head });
      else this.line.push(...missed);
    }
    this.line.push({ type: "resumed", replayed: this.line.length, last_seqs: lastSeqs });
  }
}

// The window holds every message in its range, in the latest state that the position covers.
function checkTimeline(client) {
  const { conversation, server } = client;
  const timeline = conversation?.timeline;
  if (!timeline?.loaded) return;
  const seqs = timeline.messages.map((one) => one.seq);
  assert.deepEqual(
    seqs,
    [...seqs].sort((one, other) => one - other),
    "ordered by seq",
  );
  assert.equal(new Set(timeline.messages.map((one) => one.id)).size, seqs.length, "each message once");
  const from = timeline.hasOlder ? (seqs[0] ?? Infinity) : 0;
  const to = timeline.hasNewer ? (seqs.at(-1) ?? 0) : Infinity;
  for (const message of server.messages.values()) {
    if (message.seq < from || message.seq > to) continue;
    if (message.changed_seq > conversation.position) continue;
    const shown = timeline.find(message.id);
    assert.ok(shown, `message ${message.seq} is missing at position ${conversation.position}`);
    assert.equal(shown.changed_seq, message.changed_seq, `message ${message.seq} is outdated`);
  }
}

const STEP_KINDS = [
  [(c) => c.write(), 8],
  [(c) => c.deliver(), 8],
  [
    (c) => c.server.requests.length > 0 && c.server.advance(c.random.below(c.server.requests.length), 0.1),
    10,
  ],
  [(c) => c.disconnect(), 1],
  [(c) => c.line === null && c.connect(), 3],
  [(c) => c.conversations.reload(), 1],
  [(c) => open(c), 2],
  [(c) => c.random.chance(0.2) && c.conversation?.closeTimeline(), 1],
  [(c) => scroll(c), 2],
  [(c, time) => time.runNext(), 4],
];
const WEIGHTED = STEP_KINDS.flatMap(([step, weight]) => Array(weight).fill(step));

// Others write a lot while the client is offline.
function outage(client) {
  client.disconnect();
  for (let count = LONG_OUTAGE; count > 0; count -= 1) client.write();
}

function open(client) {
  if (!client.conversation) return;
  const timeline = client.conversations.openTimeline(client.conversation);
  if (!timeline.loaded) timeline.loadLatest().catch(() => null);
}

function scroll(client) {
  const timeline = client.conversation?.timeline;
  if (!timeline?.loaded) return;
  timeline.keepsNewest = client.random.chance(0.5);
  const kind = client.random.below(4);
  const done =
    kind === 0
      ? timeline.hasOlder && timeline.loadOlder()
      : kind === 1
        ? timeline.hasNewer && timeline.loadNewer()
        : kind === 2
          ? timeline.loadAround(client.random.below(client.server.head + 1))
          : timeline.loadLatest();
  if (done) done.catch(() => null);
}

async function run(seed, { backlog, outages = 0 }) {
  const random = new Random(seed);
  const time = new VirtualTime();
  time.install();
  const chance = Math.random;
  Math.random = () => random.next();
  try {
    const server = new ModelServer(random);
    for (let count = random.below(backlog); count > 0; count -= 1) server.write();
    const client = new Client(server, random);
    for (let step = 0; step < STEPS; step += 1) {
      if (random.chance(outages)) outage(client);
      random.pick(WEIGHTED)(client, time);
      await settle();
      checkTimeline(client);
    }
    await drain(client, time);
    check(client);
  } catch (error) {
    error.message = `seed ${seed}: ${error.message}`;
    throw error;
  } finally {
    Math.random = chance;
    time.uninstall();
  }
}

// Everything arrives: the connection stays up, no request fails, timers run.
async function drain(client, time) {
  if (client.line === null) client.connect();
  open(client);
  for (let turn = 0; turn < MAX_DRAIN; turn += 1) {
    if (client.line.length > 0) client.deliver();
    else if (client.server.requests.length > 0) client.server.advance(0);
    else if (!time.runNext()) {
      if (client.conversation.timeline?.loaded) return;
      open(client);
    }
    await settle();
    checkTimeline(client);
  }
  throw new Error("the client never comes to rest");
}

function check({ conversation, server }) {
  assert.equal(conversation.position, server.head, "position");
  assert.equal(conversation.info.last_seq, server.head, "last_seq");
  assert.equal(conversation.info.read_seq, server.readSeq, "read_seq");
  assert.equal(conversation.info.unread_count, server.unread, "unread_count");
  assert.deepEqual(conversation.info.last_message, server.info().last_message ?? undefined, "last_message");
}

test("an open conversation never loses a message", async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed += 1) await run(seed, { backlog: 20 });
});

test("a window of a long history never has a hole", async () => {
  const runs = Math.ceil(RUNS / 10);
  for (let seed = FIRST_SEED; seed < FIRST_SEED + runs; seed += 1) await run(seed, { backlog: 600 });
});

test("a long outage drops the timeline instead of leaving a hole", async () => {
  const runs = Math.ceil(RUNS / 100);
  for (let seed = FIRST_SEED; seed < FIRST_SEED + runs; seed += 1)
    await run(seed, { backlog: 200, outages: 1 / STEPS });
});
