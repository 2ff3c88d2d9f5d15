// Tags, mentions, edits and bookmarks of posts, in Chromium against a real server.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, open, skipped } from "./chromium.js";
import { Server } from "./server.js";

const server = new Server();
let browser;
let ana;
let ben;

before(async () => {
  if (skipped) return;
  await server.start();
  browser = await launch();
  ana = await server.createUser("Ana Alvarez");
  ben = await server.createUser("Ben Bakker");
});

after(async () => {
  if (skipped) return;
  await browser.close();
  await server.remove();
});

test("a tag leads to its page, a mention to the profile", { skip: skipped, timeout: 120_000 }, async () => {
  const content = `#Ärger with @${ben.username}, see https://example.test/#none`;
  await server.request("POST", "/v1/posts", { token: ana.token, body: { content } });
  const page = await open(browser, server, ana, "/#/");
  const post = page.locator(".post", { hasText: "#Ärger" });
  assert.deepEqual(await post.locator(".content a").allTextContents(), [
    "#Ärger",
    `@${ben.username}`,
    "https://example.test/#none",
  ]);
  await post.getByRole("link", { name: "#Ärger" }).click();
  await page.getByRole("heading", { name: "#Ärger" }).waitFor();
  await page.locator(".post", { hasText: "#Ärger" }).waitFor();
  await page.getByRole("link", { name: `@${ben.username}` }).click();
  await page.getByRole("heading", { name: "Ben Bakker" }).waitFor();
  assert.deepEqual(page.problems, []);
});

test("a post is edited, its former text shown", { skip: skipped, timeout: 120_000 }, async () => {
  await server.request("POST", "/v1/posts", { token: ben.token, body: { content: "frist" } });
  const page = await open(browser, server, ben, "/#/");
  await page.locator(".post", { hasText: "frist" }).getByRole("button", { name: "Edit" }).click();
  await page.getByLabel("Text", { exact: true }).fill("first");
  await page.getByRole("button", { name: "Save" }).click();
  const post = page.locator(".post", { hasText: "first" });
  await post.getByRole("button", { name: "Edited" }).click();
  await page.locator("dialog", { hasText: "frist" }).waitFor();
  assert.deepEqual(page.problems, []);
});

test("a bookmark is kept and removed", { skip: skipped, timeout: 120_000 }, async () => {
  const content = "to be read again";
  const { id } = await server.request("POST", "/v1/posts", { token: ana.token, body: { content } });
  const page = await open(browser, server, ben, `/#/post/${id}`);
  await page.getByRole("button", { name: "Bookmark", exact: true }).click();
  await page.getByRole("button", { name: "Bookmarked" }).waitFor();
  const other = await open(browser, server, ben, "/#/bookmarks");
  await other.locator(".post", { hasText: content }).getByRole("button", { name: "Bookmarked" }).click();
  await other.getByRole("button", { name: "Bookmark", exact: true }).waitFor();
  const { items } = await server.request("GET", "/v1/bookmarks", { token: ben.token });
  assert.deepEqual(items, []);
  assert.deepEqual([...page.problems, ...other.problems], []);
});
