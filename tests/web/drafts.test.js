// Drafts, which tabs share.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Drafts } from "../../web/state/drafts.js";
import { fakeBrowser } from "./fake_browser.js";
import { VirtualTime } from "./virtual_time.js";

const ME = { id: "me" };
const KEY = "convene.drafts.me";

function started(context) {
  const browser = fakeBrowser(context);
  const time = new VirtualTime();
  time.install();
  context.after(() => time.uninstall());
  return { ...browser, time };
}

test("each tab keeps the drafts of the others", (context) => {
  const { time } = started(context);
  const [one, other] = [new Drafts(ME), new Drafts(ME)];
  one.set("c1", "typed in one tab");
  time.runNext();
  other.set("c2", "typed in another");
  time.runNext();
  const later = new Drafts(ME);
  assert.deepEqual([later.get("c1"), later.get("c2")], ["typed in one tab", "typed in another"]);
});

test("a draft that was sent in one tab does not come back from another", (context) => {
  const { emit, time } = started(context);
  const [one, other] = [new Drafts(ME), new Drafts(ME)];
  one.set("c1", "text");
  time.runNext();
  emit("storage", { key: KEY });
  assert.equal(other.get("c1"), "text");
  one.set("c1", "");
  time.runNext();
  emit("storage", { key: KEY });
  other.set("c2", "another text");
  time.runNext();
  emit("pagehide");
  assert.deepEqual([new Drafts(ME).get("c1"), new Drafts(ME).get("c2")], ["", "another text"]);
});

test("after a logout no tab writes what was typed before", (context) => {
  const { emit, localStorage, time } = started(context);
  const [one, other] = [new Drafts(ME), new Drafts(ME)];
  one.set("c1", "secret");
  time.runNext();
  emit("storage", { key: KEY });
  one.stop();
  one.forget();
  // The other tab is loaded again.
  emit("pagehide");
  other.stop();
  assert.equal(localStorage.items.size, 0);
});

test("what was typed last is saved when the page is left", (context) => {
  const { emit } = started(context);
  new Drafts(ME).set("c1", "half a message");
  emit("pagehide");
  assert.equal(new Drafts(ME).get("c1"), "half a message");
});

test("the oldest drafts are dropped", (context) => {
  const { time } = started(context);
  const drafts = new Drafts(ME);
  for (let index = 0; index <= 100; index += 1) {
    drafts.set(`c${index}`, "text");
    time.runNext();
  }
  assert.deepEqual([drafts.get("c0"), drafts.get("c1"), drafts.get("c100")], ["", "text", "text"]);
});
