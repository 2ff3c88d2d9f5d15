// The stored token, in several tabs.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Credentials } from "../../web/network/credentials.js";
import { FakeStorage, fakeBrowser } from "./fake_browser.js";

const KEY = "convene.credentials";
const login = (name) => ({ token: `token of ${name}`, user: { id: name, username: name } });

test("a login that ends with its tab leaves the one that all tabs share", (context) => {
  const browser = fakeBrowser(context);
  new Credentials().save(login("ana"), true);
  // Another tab.
  globalThis.sessionStorage = new FakeStorage();
  const ben = new Credentials();
  ben.save(login("ben"), false);
  assert.equal(ben.load().token, "token of ben");
  ben.forget();
  assert.equal(globalThis.sessionStorage.getItem(KEY), null);
  assert.equal(JSON.parse(browser.localStorage.getItem(KEY)).token, "token of ana");
});

test("a logout in one tab ends the session in the others", (context) => {
  const browser = fakeBrowser(context);
  const [one, other] = [new Credentials(), new Credentials()];
  one.save(login("ana"), true);
  other.load();
  let changes = 0;
  other.onChangedElsewhere(() => (changes += 1));
  one.forget();
  browser.emit("storage", { key: KEY, storageArea: browser.localStorage });
  assert.deepEqual([changes, other.token, browser.localStorage.items.size], [1, null, 0]);
});

test("a session that has ended does not take the token of a later login along", (context) => {
  fakeBrowser(context);
  const old = new Credentials();
  old.save(login("ana"), true);
  const later = new Credentials();
  later.save({ ...login("ana"), token: "a new token" }, true);
  old.forget();
  assert.equal(new Credentials().load().token, "a new token");
});

test("damaged credentials are none", (context) => {
  const browser = fakeBrowser(context);
  browser.localStorage.setItem(KEY, "{");
  assert.equal(new Credentials().load(), null);
});
