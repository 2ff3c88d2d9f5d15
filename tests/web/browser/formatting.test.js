// Formatted messages in Chromium: how they are written and what is shown.

import assert from "node:assert/strict";
import { setUp } from "./setup.js";

let page;

const { server, open, journey } = setUp(async () => {
  const ana = await server.createUser("Ana Alvarez");
  const ben = await server.createUser("Ben Brown");
  const conversation = await server.createGroup(ana, [ben]);
  page = await open(ana, `/#/messages/${conversation.id}`);
  await field().waitFor();
});

const field = () => page.getByLabel("Message", { exact: true });

async function send(text) {
  const sent = page.locator(".message:not(.unsent)");
  const before = await sent.count();
  await field().fill(text);
  await page.keyboard.press("Enter");
  await sent.nth(before).waitFor();
  return sent.nth(before).locator(".content");
}

journey("a message shows its formatting and never markup", async () => {
  const content = await send("**bold** <img src=x onerror=alert(1)>\n\n- one\n- two\n\n> quote\n\n```\n<b>code</b>\n```");
  assert.equal(await content.locator("strong").innerText(), "bold");
  assert.deepEqual(await content.locator("ul > li").allInnerTexts(), ["one", "two"]);
  assert.equal(await content.locator("blockquote").innerText(), "quote");
  assert.equal(await content.locator("pre").innerText(), "<b>code</b>");
  assert.equal(await content.locator("img, b").count(), 0);
  assert.match(await page.locator(".conversation-row .last").innerText(), /^You: bold </);
  assert.deepEqual(page.problems, []);
});

journey("links open elsewhere, also those with http", async () => {
  const content = await send("[text](http://example.test/) javascript:alert(1)");
  const link = content.locator("a");
  assert.equal(await link.count(), 1);
  assert.equal(await link.getAttribute("href"), "http://example.test/");
  assert.equal(await link.getAttribute("rel"), "noopener noreferrer nofollow");
});

journey("Ctrl+B and Ctrl+I set and remove marks, and can be undone", async () => {
  await field().fill("one two");
  await page.keyboard.press("Control+Shift+ArrowLeft");
  await page.keyboard.press("Control+b");
  assert.equal(await field().inputValue(), "one **two**");
  await page.keyboard.press("Control+i");
  assert.equal(await field().inputValue(), "one ***two***");
  await page.keyboard.press("Control+b");
  assert.equal(await field().inputValue(), "one *two*");
  await page.keyboard.press("Control+i");
  assert.equal(await field().inputValue(), "one two");
  await page.keyboard.press("Control+z");
  assert.equal(await field().inputValue(), "one *two*");
  await field().fill("");
});

journey("Escape cancels an edit", async () => {
  const content = await send("first version");
  await field().press("ArrowUp");
  const editor = page.locator(".message-editor textarea");
  await editor.fill("second version");
  await page.keyboard.press("Escape");
  await editor.waitFor({ state: "detached" });
  assert.equal(await content.innerText(), "first version");
});
