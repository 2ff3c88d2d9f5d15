// Tags, mentions, edits, bookmarks, comments and reposts of posts, in Chromium against a real server.

import assert from "node:assert/strict";
import { until } from "./server.js";
import { setUp } from "./setup.js";

let ana;
let ben;

const { server, open, journey } = setUp(
  async () => {
    ana = await server.createUser("Ana Alvarez");
    ben = await server.createUser("Ben Bakker");
  },
  { instances: 2 },
);

journey("a tag leads to its page, a mention to the profile", async () => {
  const content = `#Ärger with @${ben.username}, see https://example.test/#none`;
  await server.request("POST", "/v1/posts", { token: ana.token, body: { content } });
  const page = await open(ana, "/#/");
  const post = page.locator(".post", { hasText: "#Ärger" });
  await post.waitFor();
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

journey("mentions are completed in a post, a comment and an edited post", async () => {
  const zoe = await server.createUser("Zoë Quist");
  const page = await open(ana, "/#/");
  const write = page.getByPlaceholder("What's happening?");
  const option = page.getByRole("option", { name: "Zoë Quist" });
  await write.pressSequentially("Hello @quis");
  await option.waitFor();
  await page.keyboard.press("Enter");
  assert.equal(await write.inputValue(), `Hello @${zoe.username} `);
  await page.getByRole("button", { name: "Post", exact: true }).click();
  const post = page.locator(".post", { hasText: `Hello @${zoe.username}` });
  await post.getByRole("button", { name: "comments" }).click();
  const comment = post.getByPlaceholder("Write a comment");
  await comment.pressSequentially("And @quis");
  await option.click();
  assert.equal(await comment.inputValue(), `And @${zoe.username} `);
  await post.getByRole("button", { name: "Post actions" }).click();
  await page.getByRole("menuitem", { name: "Edit" }).click();
  const text = page.getByLabel("Text", { exact: true });
  await text.press("End");
  await text.pressSequentially(" and @quis");
  await option.waitFor();
  // Escape closes the list, not the dialog.
  await page.keyboard.press("Escape");
  await option.waitFor({ state: "hidden" });
  assert.equal(await text.isVisible(), true);
  assert.deepEqual(page.problems, []);
});

journey("a post is edited, its former text shown", async () => {
  await server.request("POST", "/v1/posts", { token: ben.token, body: { content: "frist" } });
  const page = await open(ben, "/#/");
  await page.locator(".post", { hasText: "frist" }).getByRole("button", { name: "Post actions" }).click();
  await page.getByRole("menuitem", { name: "Edit" }).click();
  await page.getByLabel("Text", { exact: true }).fill("first");
  await page.getByRole("button", { name: "Save" }).click();
  const post = page.locator(".post", { hasText: "first" });
  await post.getByRole("button", { name: "Edited" }).click();
  await page.locator("dialog", { hasText: "frist" }).waitFor();
  assert.deepEqual(page.problems, []);
});

journey("a bookmark is kept and removed", async () => {
  const content = "to be read again";
  const { id } = await server.request("POST", "/v1/posts", { token: ana.token, body: { content } });
  const page = await open(ben, `/#/post/${id}`);
  await page.getByRole("button", { name: "Bookmark", exact: true }).click();
  await page.getByRole("button", { name: "Bookmarked" }).waitFor();
  const other = await open(ben, "/#/bookmarks");
  await other.locator(".post", { hasText: content }).getByRole("button", { name: "Bookmarked" }).click();
  await other.getByRole("button", { name: "Bookmark", exact: true }).waitFor();
  const { items } = await server.request("GET", "/v1/bookmarks", { token: ben.token });
  assert.deepEqual(items, []);
  assert.deepEqual([...page.problems, ...other.problems], []);
});

journey("comments are replied to and liked", async () => {
  const { id } = await server.request("POST", "/v1/posts", {
    token: ana.token,
    body: { content: "a question" },
  });
  const body = { content: "an answer" };
  await server.request("POST", `/v1/posts/${id}/comments`, { token: ana.token, body });
  const page = await open(ben, `/#/post/${id}`);
  const parent = page.locator(".comment", { hasText: "an answer" }).first();
  await parent.getByRole("button", { name: "0 likes" }).click();
  await parent.getByRole("button", { name: "1 like" }).waitFor();
  await parent.getByRole("button", { name: "Reply", exact: true }).click();
  await page.getByLabel("Reply to Ana Alvarez").fill("thanks");
  await parent.locator("form").getByRole("button", { name: "Reply", exact: true }).click();
  const reply = parent.locator(".replies .comment", { hasText: "thanks" });
  await reply.waitFor();
  await page.getByRole("button", { name: "2 comments" }).waitFor();
  await page.reload();
  await reply.waitFor();
  await reply.getByRole("button", { name: "Comment actions" }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  const question = page.getByRole("dialog", { name: "Delete this comment?" });
  await question.getByRole("button", { name: "Delete" }).click();
  await reply.waitFor({ state: "detached" });
  await page.getByRole("button", { name: "1 comment", exact: true }).waitFor();
  assert.deepEqual(page.problems, []);
});

journey("likes, comments and reposts of others appear without a reload", async () => {
  const body = { content: "seen by two" };
  const { id } = await server.request("POST", "/v1/posts", { token: ana.token, body });
  const path = `/v1/posts/${id}`;
  const write = (content) =>
    server.request("POST", `${path}/comments`, { token: ben.token, body: { content } });
  const early = await write("an early comment");
  const page = await open(ana, `/#/post/${id}`);
  const post = page.locator(".post", { hasText: body.content });
  const earlyRow = post.locator(".comment", { hasText: "an early comment" });
  await earlyRow.waitFor();
  await post.getByRole("button", { name: "0 likes" }).first().waitFor();
  await server.request("PUT", `${path}/like`, { token: ben.token });
  await post.getByRole("button", { name: "1 like", exact: true }).waitFor();
  await write("a late comment");
  await post.locator(".comment", { hasText: "a late comment" }).waitFor();
  await post.getByRole("button", { name: "2 comments" }).waitFor();
  await server.request("PUT", `/v1/comments/${early.id}/like`, { token: ben.token });
  await earlyRow.getByRole("button", { name: "1 like", exact: true }).waitFor();
  await server.request("POST", `${path}/repost`, { token: ben.token, body: {} });
  await post.getByRole("button", { name: "1 repost", exact: true }).waitFor();
  await server.request("DELETE", `/v1/comments/${early.id}`, { token: ben.token });
  await earlyRow.waitFor({ state: "detached" });
  await post.getByRole("button", { name: "1 comment", exact: true }).waitFor();
  assert.deepEqual(page.problems, []);
});

journey("a new post is offered, and a mention that was edited away goes, without a reload", async () => {
  const dan = await server.createUser("Dan Dune");
  await server.request("PUT", `/v1/users/${ana.id}/follow`, { token: dan.token });
  await server.request("PUT", `/v1/users/${dan.id}/follow`, { token: ana.token });
  const [home, notifications] = [await open(dan, "/#/"), await open(dan, "/#/notifications")];
  // The count comes over the socket only, so it is open: a hint that is sent before is lost.
  for (const page of [home, notifications])
    await page.locator('a[href="#/notifications"] .badge', { hasText: "1" }).waitFor();
  const content = `fresh, @${dan.username}`;
  const { id } = await server.request("POST", "/v1/posts", { token: ana.token, body: { content } });
  await home.getByRole("button", { name: "Show 1 new post" }).click();
  await home.locator(".post", { hasText: content }).waitFor();
  const mention = notifications.getByText("Ana Alvarez mentioned you in a post");
  await mention.waitFor();
  await server.request("PATCH", `/v1/posts/${id}`, { token: ana.token, body: { content: "fresh" } });
  await mention.waitFor({ state: "detached" });
  assert.deepEqual([...home.problems, ...notifications.problems], []);
});

journey("comments are reported, and their authors blocked, from their menu", async () => {
  const eve = await server.createUser("Eve Evil");
  const { id } = await server.request("POST", "/v1/posts", { token: ana.token, body: { content: "calm" } });
  await server.request("POST", `/v1/posts/${id}/comments`, { token: eve.token, body: { content: "storm" } });
  const page = await open(ana, `/#/post/${id}`);
  const comment = page.locator(".comment", { hasText: "storm" });
  await comment.getByRole("button", { name: "Comment actions" }).click();
  await page.keyboard.press("ArrowDown");
  await page.getByRole("menuitem", { name: "Report" }).click();
  await page.locator("dialog").getByLabel("Reason").fill("rude");
  await page.locator("dialog").getByRole("button", { name: "Report" }).click();
  await page.getByText("Report sent.").waitFor();
  await comment.getByRole("button", { name: "Comment actions" }).click();
  await page.getByRole("menuitem", { name: "Block Eve Evil" }).click();
  await page.locator("dialog").getByRole("button", { name: "Block" }).click();
  await comment.waitFor({ state: "detached" });
  assert.deepEqual(page.problems, []);
});

journey("a followed tag brings posts into the feed", async () => {
  const content = "of #Lichen";
  await server.request("POST", "/v1/posts", { token: ana.token, body: { content } });
  const page = await open(ben, "/#/");
  await page.getByRole("link", { name: "Everyone" }).click();
  const post = page.locator(".post", { hasText: content });
  await post.getByRole("link", { name: "#Lichen" }).click();
  await page.getByRole("button", { name: "Follow", exact: true }).click();
  await page.getByRole("button", { name: "Following" }).waitFor();
  await page.goto(`${server.url}/#/tags`);
  await page.getByRole("link", { name: "#Lichen" }).waitFor();
  await page.goto(`${server.url}/#/`);
  await page.getByRole("heading", { name: "Home" }).waitFor();
  await post.waitFor();
  assert.deepEqual(page.problems, []);
});

journey("a post is reposted and quoted", async () => {
  const content = "worth seeing";
  const { id } = await server.request("POST", "/v1/posts", { token: ana.token, body: { content } });
  const page = await open(ben, `/#/post/${id}`);
  await page.getByRole("button", { name: "0 reposts" }).click();
  await page.getByRole("menuitem", { name: "Repost" }).click();
  await page.getByRole("button", { name: "1 repost", exact: true }).click();
  await page.getByRole("menuitem", { name: "Quote" }).click();
  await page.getByLabel("Write about this post").fill("look at this");
  await page.getByRole("dialog").getByRole("button", { name: "Quote", exact: true }).click();
  await page.locator(".post", { hasText: "look at this" }).locator(".quoted", { hasText: content }).waitFor();
  await page.goto(`${server.url}/#/`);
  const repost = page.locator(".repost", { hasText: "You reposted" }).filter({ hasText: content });
  await repost.getByRole("button", { name: "2 reposts" }).click();
  await page.getByRole("menuitem", { name: "Undo repost" }).click();
  await repost.waitFor({ state: "detached" });
  assert.deepEqual(page.problems, []);
});

journey("a profile links an Atom feed", async () => {
  const page = await open(ben, `/#/@${ana.username}`);
  const path = await page.getByRole("link", { name: "Atom feed" }).getAttribute("href");
  const response = await fetch(server.url + path);
  assert.equal(response.headers.get("Content-Type"), "application/atom+xml; charset=utf-8");
  assert.match(await response.text(), /<feed xmlns="http:\/\/www.w3.org\/2005\/Atom">/);
});

journey("a private account has no Atom feed", async () => {
  const eve = await server.createUser("Eve Private");
  await server.request("PATCH", "/v1/users/me", { token: eve.token, body: { private: true } });
  const page = await open(ben, `/#/@${eve.username}`);
  await page.getByText("Only followers see the posts of this account.").waitFor();
  assert.equal(await page.getByRole("link", { name: "Atom feed" }).count(), 0);
});

journey("a mention in a post and in a comment notifies", async () => {
  const cai = await server.createUser("Cai Carver");
  const page = await open(cai, "/#/notifications");
  await page.getByRole("heading", { name: "Notifications" }).waitFor();
  const content = `come along, @${cai.username}.`;
  const { id } = await server.request("POST", "/v1/posts", { token: ana.token, body: { content } });
  const inPost = page.getByText("Ana Alvarez mentioned you in a post");
  await inPost.waitFor();
  const other = await server.request("POST", "/v1/posts", { token: ana.token, body: { content: "who else?" } });
  const comment = { token: ana.token, body: { content: `@${cai.username}, for one` } };
  await server.request("POST", `/v1/posts/${other.id}/comments`, comment);
  await page.getByText("Ana Alvarez mentioned you in a comment").click();
  await page.locator(".comment", { hasText: "for one" }).waitFor();
  await page.goBack();
  await inPost.click();
  await page.locator(".post", { hasText: "come along" }).waitFor();
  assert.equal(new URL(page.url()).hash, `#/post/${id}`);
  assert.deepEqual(page.problems, []);
});

journey("a like with the keyboard keeps the focus", async () => {
  const body = { content: "likeable" };
  const { id } = await server.request("POST", "/v1/posts", { token: ana.token, body });
  const page = await open(ben, `/#/post/${id}`);
  const post = page.locator(".post", { hasText: body.content });
  await post.getByRole("button", { name: "0 likes" }).press("Enter");
  await post.locator('.like[aria-pressed="true"]').waitFor();
  const likes = async () => (await server.request("GET", `/v1/posts/${id}`, { token: ana.token })).like_count;
  await until(async () => (await likes()) === 1, "the like is not stored");
  assert.ok(await post.locator(".like").evaluate((one) => one === document.activeElement));
  assert.deepEqual(page.problems, []);
});

journey("what is typed while a comment is sent waits for it", async () => {
  const body = { content: "commented" };
  const { id } = await server.request("POST", "/v1/posts", { token: ana.token, body });
  const page = await open(ben, `/#/post/${id}`);
  let release;
  const released = new Promise((resolve) => (release = resolve));
  await page.route("**/comments", async (route) => {
    if (route.request().method() === "POST") await released;
    await route.continue();
  });
  const input = page.getByPlaceholder("Write a comment");
  await input.fill("first");
  await page.keyboard.press("Control+Enter");
  await page.locator(".comments textarea[readonly]").waitFor();
  await input.press("x");
  assert.equal(await input.inputValue(), "first");
  release();
  await page.locator(".comment", { hasText: "first" }).waitFor();
  await until(async () => (await input.inputValue()) === "", "the comment stays in the field");
  await input.pressSequentially("second");
  assert.equal(await input.inputValue(), "second");
  assert.deepEqual(page.problems, []);
});

journey("a page of a post that was left does not lead away from the one that is shown", async () => {
  const content = "soon deleted";
  const { id } = await server.request("POST", "/v1/posts", { token: ana.token, body: { content } });
  const page = await open(ana, `/#/post/${id}`);
  await page.locator(".post", { hasText: content }).waitFor();
  await page.goto(`${server.url}/#/@${ana.username}`);
  const post = page.locator(".post", { hasText: content });
  await post.getByRole("button", { name: "Post actions" }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await post.waitFor({ state: "detached" });
  assert.equal(new URL(page.url()).hash, `#/@${ana.username}`);
  await page.goBack();
  await page.getByText("This post doesn't exist.").waitFor();
  assert.deepEqual(page.problems, []);
});
