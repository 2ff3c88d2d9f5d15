// User cards: names of users who change or are deleted.

import assert from "node:assert/strict";
import { test } from "node:test";
import "./texts.js";
import { Refused, Unreachable } from "../../web/network/errors.js";
import { nameOf, UserCards } from "../../web/state/user_cards.js";
import { settle, VirtualTime } from "./virtual_time.js";

const card = (id, name = id) => ({ id, username: `${id}_name`, display_name: name, avatar_url: null, verified: false });

function started(context, users) {
  const time = new VirtualTime();
  time.install();
  context.after(() => time.uninstall());
  const asked = [];
  const clock = { ms: 0 };
  const api = {
    error: null,
    async get(path, { ids }) {
      asked.push(ids);
      if (api.error !== null) throw api.error;
      return { items: ids.split(",").map((id) => users.get(id)).filter(Boolean) };
    },
  };
  const cards = new UserCards(api, () => clock.ms);
  const changed = [];
  cards.changed.on((found) => changed.push(found.map((one) => one.id)));
  const answer = async () => {
    time.runNext();
    await settle();
  };
  return { cards, api, asked, clock, changed, answer };
}

test("missing cards are requested together and once", async (context) => {
  const { cards, asked, changed, answer } = started(context, new Map([["ana", card("ana", "Ana")]]));
  assert.equal(cards.name("ana"), "Unknown user");
  cards.name("ben");
  cards.name("ana");
  await answer();
  assert.deepEqual([asked, changed], [["ana,ben"], [["ana", "ben"]]]);
  assert.equal(cards.name("ana"), "Ana");
  assert.equal(cards.name("ben"), "Deleted user");
});

test("a deleted user loses the name when checked again, also in system messages", async (context) => {
  const users = new Map([["ana", card("ana", "Ana")], ["ben", card("ben", "Ben")]]);
  const { cards, changed, answer } = started(context, users);
  cards.learn(users.values());
  users.delete("ben");
  cards.recheck(["ana", "ben"]);
  await answer();
  assert.deepEqual(changed, [["ben"]]);
  assert.equal(nameOf(cards.named("ben_name")), "Deleted user");
  assert.equal(nameOf(cards.latest(card("ben", "Ben"))), "Deleted user");
});

test("without a difference nothing is drawn again", async (context) => {
  const users = new Map([["ana", card("ana", "Ana")]]);
  const { cards, changed, answer } = started(context, users);
  cards.learn(users.values());
  cards.recheck(["ana"]);
  await answer();
  assert.deepEqual(changed, []);
});

test("the latest cards are checked again at most every five minutes", async (context) => {
  const users = new Map([["ana", card("ana", "Ana")]]);
  const { cards, asked, clock, answer } = started(context, users);
  cards.learn(users.values());
  cards.recheckLatest();
  clock.ms += 5 * 60_000;
  cards.recheckLatest();
  await answer();
  cards.recheckLatest();
  await answer();
  assert.deepEqual(asked, ["ana"]);
});

test("a name that became known while it was requested is drawn", async (context) => {
  const users = new Map([["ana", card("ana", "Ana")]]);
  const { cards, changed, answer } = started(context, users);
  assert.equal(cards.name("ana"), "Unknown user");
  cards.learn(users.values());
  await answer();
  assert.deepEqual(changed, [["ana"]]);
});

test("names that could not be read are read once there is a connection again", async (context) => {
  const { cards, api, asked, changed, answer } = started(context, new Map([["ana", card("ana", "Ana")]]));
  api.error = new Unreachable();
  cards.name("ana");
  await answer();
  cards.name("ana");
  api.error = null;
  cards.recheckLatest();
  await answer();
  assert.deepEqual([asked, changed], [["ana", "ana"], [["ana"]]]);
});

test("ids that the server refuses do not spoil the next request", async (context) => {
  const { cards, api, asked, answer } = started(context, new Map([["ana", card("ana", "Ana")]]));
  api.error = new Refused({ status: 422, code: "request.invalid" });
  cards.name("not an id");
  await answer();
  api.error = null;
  cards.name("ana");
  await answer();
  assert.deepEqual(asked, ["not an id", "ana"]);
});
