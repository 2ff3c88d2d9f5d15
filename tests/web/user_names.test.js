// Mentions in posts, and what the server searches for.

import assert from "node:assert/strict";
import test from "node:test";
import { isSearchable, userSearchText } from "../../web/state/search_text.js";
import { UserNames } from "../../web/state/user_names.js";

const card = (username) => ({ id: `id-${username}`, username });

test("the server finds whom a name can mean, and never oneself", async () => {
  const asked = [];
  const api = {
    async get(path, query) {
      asked.push([path, query]);
      return { items: ["ana", "anna", "anya", "anouk"].map(card), next_cursor: null };
    },
  };
  const names = new UserNames(api, "id-anna");
  assert.deepEqual(names.loaded("an"), []);
  assert.deepEqual((await names.search("an", 2)).map((one) => one.username), ["ana", "anya"]);
  assert.deepEqual(asked, [["/v1/users", { q: "an", limit: 3 }]]);
  assert.deepEqual(await names.search("a", 2), []);
  assert.equal(asked.length, 1);
});

test("a search needs two characters that are not separators", () => {
  for (const text of ["an", "a n", "花見", "🎉🎉", "é1"]) assert.ok(isSearchable(text), text);
  for (const text of ["", "a", "a.", "- -", "_a", "花"]) assert.ok(!isSearchable(text), text);
  assert.equal(userSearchText(" @ana "), "ana");
});
