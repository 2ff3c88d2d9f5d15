// Mentions in conversations with more members than are loaded.

import assert from "node:assert/strict";
import test from "node:test";
import { MemberNames } from "../../web/state/member_names.js";

const card = (username, displayName = null) => ({ id: `id-${username}`, username, display_name: displayName });
const ME = card("me");

// A server whose members beyond the loaded ones are `others`, and the requests that it got.
function names(loaded, others, { fails = false } = {}) {
  const asked = [];
  const api = {
    async get(path, query) {
      asked.push([path, query]);
      if (fails) throw new Error("unreachable");
      if (path.startsWith("/v1/users/by-username/")) {
        const found = others.find((one) => path.endsWith(`/${one.username}`));
        if (found === undefined) throw Object.assign(new Error("not found"), { status: 404 });
        return found;
      }
      return { items: others.filter((one) => one.username.startsWith(query.q)), next_cursor: null };
    },
  };
  const info = { participants: [ME, ...loaded], member_count: 1 + loaded.length + others.length };
  return { names: new MemberNames(api, ME.id, { id: "c1", info }), asked };
}

test("loaded members match by any word of a name, and never oneself", () => {
  const members = [card("bert_new", "Bert Newcomer"), card("odysseus", "ΟΔΥΣΣΕΥΣ"), card("meg", "Straße")];
  const { names: known } = names(members, []);
  const found = (prefix) => known.loaded(prefix).map((one) => one.username);
  assert.deepEqual(found("newc"), ["bert_new"]);
  assert.deepEqual(found("bert_n"), ["bert_new"]);
  assert.deepEqual(found("οδυσσευς"), ["odysseus"]);
  assert.deepEqual(found("STRASSE"), ["meg"]);
  assert.deepEqual(found("me"), ["meg"]);
  assert.deepEqual(found("ert"), []);
  const { names: accented } = names([card("ana", "Ana Kovač"), card("zed", "Łukasz Yılmaz")], []);
  for (const [prefix, username] of [["kovac", "ana"], ["kovač", "ana"], ["luk", "zed"], ["yilm", "zed"]])
    assert.deepEqual(accented.loaded(prefix).map((one) => one.username), [username]);
});

test("the server searches all members, and those that it finds can be mentioned", async () => {
  const { names: known, asked } = names([card("ana")], [card("zoe"), card("zora"), card("zed")]);
  assert.equal(known.hasMore, true);
  assert.deepEqual((await known.search("z", 2)).map((one) => one.username), ["zoe", "zora"]);
  assert.deepEqual(asked, [["/v1/conversations/c1/participants", { q: "z", limit: 3 }]]);
  assert.equal(known.lookUp("hi @zoe and @Ana."), null);
  assert.deepEqual(known.idsIn("hi @zoe and @Ana. and @zoe, @me, a@zed.test"), ["id-zoe", "id-ana"]);
});

test("a typed name of a member that is not loaded is looked up once", async () => {
  const { names: known, asked } = names([card("ana")], [card("zoe")]);
  assert.deepEqual(known.idsIn("@zoe @nobody"), []);
  await known.lookUp("@zoe @nobody");
  assert.deepEqual(known.idsIn("@zoe @nobody"), ["id-zoe"]);
  assert.equal(known.lookUp("@zoe @nobody again"), null);
  assert.equal(asked.length, 2);
});

test("lookups are bounded, and none is needed when all members are loaded", async () => {
  const { names: known, asked } = names([], [card("zoe")]);
  await known.lookUp(Array.from({ length: 100 }, (_, number) => `@unknown${number}`).join(" "));
  assert.equal(asked.length, 10);
  assert.equal(names([card("ana")], []).names.lookUp("@zoe"), null);
});

test("a name stays unknown without an answer", async () => {
  const { names: known } = names([], [card("zoe")], { fails: true });
  await known.lookUp("@zoe");
  assert.deepEqual(known.idsIn("@zoe"), []);
  assert.notEqual(known.lookUp("@zoe"), null);
});
