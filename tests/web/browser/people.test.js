// Suggestions, follow requests, mutes and blocks, in Chromium against a real server. Run by `make test-browser`.

import assert from "node:assert/strict";
import { panel } from "./chromium.js";
import { setUp } from "./setup.js";

const { server, open, journey } = setUp(() => null, { instances: 2 });

journey("someone who follows nobody is offered people", async () => {
  const [ana, ben, cai] = [
    await server.createUser("Ana"),
    await server.createUser("Ben Brown"),
    await server.createUser("Cai Cole"),
  ];
  await server.request("PUT", `/v1/users/${cai.id}/follow`, { token: ben.token });
  await server.request("PUT", `/v1/users/${ben.id}/follow`, { token: cai.token });
  const page = await open(ana, "/#/");
  const row = (name) => page.locator(".user-row", { hasText: name });
  const suggestions = page.getByRole("heading", { name: "Suggestions" });
  await suggestions.waitFor();
  await row("Cai Cole").getByText("Popular here").waitFor();
  await row("Cai Cole").getByRole("button", { name: "Don't suggest" }).click();
  await row("Cai Cole").waitFor({ state: "detached" });
  await row("Ben Brown").getByRole("button", { name: "Follow Ben Brown" }).click();
  await row("Ben Brown").getByRole("button", { name: "Following" }).waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "Home" }).waitFor();
  assert.equal(await suggestions.count(), 0);
  assert.deepEqual(page.problems, []);
});

journey("a name of one letter asks for more, without a request", async () => {
  const ana = await server.createUser("Ana");
  const page = await open(ana, "/#/people");
  let searches = 0;
  page.on("request", (request) => (searches += /users\?q=/.test(request.url()) ? 1 : 0));
  const search = page.getByLabel("Search people");
  await search.fill("@q");
  await page.getByText("Enter at least two letters of a name.").waitFor();
  assert.equal(searches, 0);
  await search.fill("@qx");
  await page.getByText("No people found").waitFor();
  assert.equal(searches, 1);
  assert.deepEqual(page.problems, []);
});

journey("muted and blocked people are listed in every browser", async () => {
  const [ana, ben, eve] = [
    await server.createUser("Ana"),
    await server.createUser("Ben Stone"),
    await server.createUser("Eve"),
  ];
  const one = await open(ana, `/#/@${ben.username}`);
  await one.getByRole("button", { name: "More actions" }).click();
  await one.getByRole("menuitem", { name: "Mute Ben Stone" }).click();
  const dialog = one.getByRole("dialog");
  await dialog.getByLabel("Hide").selectOption("posts");
  await dialog.getByLabel("How long").selectOption("week");
  await dialog.getByRole("button", { name: "Mute" }).click();
  await one.getByText("Ben Stone is muted.").waitFor();
  await one.goto(`${server.url}/#/@${eve.username}`);
  await one.getByRole("heading", { name: "Eve", exact: true }).waitFor();
  await one.getByRole("button", { name: "More actions" }).click();
  await one.getByRole("menuitem", { name: "Block Eve" }).click();
  await one.getByRole("dialog").getByRole("button", { name: "Block" }).click();
  await one.getByText("Eve is blocked.").waitFor();

  const other = await open(ana, "/#/settings");
  const muted = panel(other, "Muted people").locator(".user-row", { hasText: "Ben Stone" });
  await muted.getByText("Posts, until").waitFor();
  await muted.getByRole("button", { name: "Unmute" }).click();
  await panel(other, "Muted people").getByText("You mute no one.").waitFor();
  const blocked = panel(other, "Blocked people").locator(".user-row", { hasText: "Eve" });
  await blocked.getByRole("button", { name: "Unblock" }).click();
  await panel(other, "Blocked people").getByText("You block no one.").waitFor();
  const mutes = await server.request("GET", "/v1/users/me/mutes", { token: ana.token });
  const blocks = await server.request("GET", "/v1/users/me/blocks", { token: ana.token });
  assert.deepEqual([mutes.items, blocks.items], [[], []]);
  assert.deepEqual([...one.problems, ...other.problems], []);
});

journey("a private account accepts and declines requests to follow", async () => {
  const [ana, ben, cai] = [
    await server.createUser("Ana Private"),
    await server.createUser("Ben Bell"),
    await server.createUser("Cai Cord"),
  ];
  const owner = await open(ana, "/#/settings");
  await owner.getByLabel("Private account").check();
  await owner.getByText("Saved").waitFor();
  await server.request("POST", "/v1/posts", { token: ana.token, body: { content: "for followers" } });

  const requester = await open(ben, `/#/@${ana.username}`);
  await requester.getByRole("img", { name: "Private account" }).waitFor();
  await requester.getByText("Only followers see the posts of this account.").waitFor();
  await requester.getByRole("button", { name: "Follow Ana Private" }).click();
  await requester.getByRole("button", { name: "Requested" }).waitFor();
  await server.request("PUT", `/v1/users/${ana.id}/follow`, { token: cai.token });

  await owner.goto(`${server.url}/#/notifications`);
  await owner.getByText("asked to follow you").click();
  const requests = panel(owner, "Follow requests");
  await requests
    .locator(".user-row", { hasText: "Ben Bell" })
    .getByRole("button", { name: "Accept" })
    .click();
  await requests
    .locator(".user-row", { hasText: "Cai Cord" })
    .getByRole("button", { name: "Decline" })
    .click();
  await requests.waitFor({ state: "hidden" });

  await requester.reload();
  await requester.getByRole("button", { name: "Following Ana Private" }).waitFor();
  await requester.getByText("for followers").waitFor();

  await owner.goto(`${server.url}/#/@${ben.username}`);
  await owner.getByText("Follows you").waitFor();
  await owner.getByRole("button", { name: "More actions" }).click();
  await owner.getByRole("menuitem", { name: "Remove follower" }).click();
  await owner.getByText("Ben Bell does not follow you any more.").waitFor();
  await requester.reload();
  await requester.getByRole("button", { name: "Follow Ana Private" }).waitFor();
  assert.deepEqual([...owner.problems, ...requester.problems], []);
});

journey("a post can be for followers only", async () => {
  const ana = await server.createUser("Ana Author");
  const page = await open(ana, "/#/");
  await page.getByLabel("What's happening?").fill("not for everyone");
  await page.getByLabel("Who can see this post").selectOption("followers");
  await page.getByRole("button", { name: "Post", exact: true }).click();
  const post = page.locator(".post", { hasText: "not for everyone" });
  await post.getByRole("img", { name: "Only followers see this post" }).waitFor();
  assert.deepEqual(page.problems, []);
});

journey("people choose to appear away, and others see it", async () => {
  const [ana, ben] = [await server.createUser("Ana Away"), await server.createUser("Ben Best")];
  await server.request("PUT", `/v1/users/${ana.id}/follow`, { token: ben.token });
  const own = await open(ana, `/#/@${ana.username}`);
  const other = await open(ben, `/#/@${ana.username}`);
  const dot = (status) => other.locator(".profile").getByRole("img", { name: status, exact: true });
  await dot("Online").waitFor();
  await own.getByRole("button", { name: "Your status: Online" }).click();
  await own.getByRole("menuitem", { name: "Away, until I change it" }).click();
  await dot("Away").waitFor();
  await own.reload();
  await own.getByRole("button", { name: "Your status: Away" }).waitFor();
  await own.locator(".profile").getByRole("img", { name: "Away", exact: true }).waitFor();
  assert.equal(await dot("Away").count(), 1);
  await own.getByRole("button", { name: "Your status: Away" }).click();
  await own.getByRole("menuitem", { name: "Online while I am here" }).click();
  await dot("Online").waitFor();
  assert.deepEqual([...own.problems, ...other.problems], []);
});

journey("a picture on this server is shown, one elsewhere is not loaded", async () => {
  const [ana, ben, cai, dan] = [
    await server.createUser("Ana"),
    await server.createUser("Ben"),
    await server.createUser("Cai"),
    await server.createUser("Dan"),
  ];
  const { host } = new URL(server.url);
  for (const [user, avatar_url] of [
    [ana, `https://${host}/web/icon.svg`],
    [ben, `https://${host}/web/none.svg`],
    [cai, "https://pictures.example/cai.png"],
  ])
    await server.request("PATCH", "/v1/users/me", { token: user.token, body: { avatar_url } });
  const page = await open(dan, `/#/@${ana.username}`);
  const elsewhere = [];
  page.on("request", (request) => request.url().includes("pictures.example") && elsewhere.push(request.url()));
  const avatar = page.locator(".profile .avatar");
  await avatar.locator("img").waitFor();
  await page.waitForFunction(() => document.querySelector(".profile .avatar img").naturalWidth > 0);
  for (const [user, letter] of [
    [ben, "B"],
    [cai, "C"],
  ]) {
    await page.goto(`${server.url}/#/@${user.username}`);
    await avatar.getByText(letter, { exact: true }).waitFor();
    assert.equal(await avatar.locator("img").count(), 0);
  }
  assert.deepEqual([elsewhere, page.problems], [[], []]);
});

journey("the name of a deleted user disappears without a reload", async () => {
  const [ana, ben] = [await server.createUser("Ana"), await server.createUser("Ben Gone")];
  const group = await server.createGroup(ana, [ben], "Two");
  await server.send(group, ben, "farewell");
  const page = await open(ana, `/#/messages/${group.id}`);
  const message = page.locator(".message", { hasText: "farewell" });
  await message.locator(".sender", { hasText: "Ben Gone" }).waitFor();
  await server.request("DELETE", "/v1/users/me", {
    token: ben.token,
    body: { current_password: "correct horse" },
  });
  await message.locator(".sender", { hasText: "Deleted user" }).waitFor();
  await page.getByText("Ben Gone").first().waitFor({ state: "detached" });
  assert.deepEqual(page.problems, []);
});

journey("a profile has counts, and lists of followers and followed people", async () => {
  const [ana, ben, cai] = [
    await server.createUser("Ana"),
    await server.createUser("Ben Birch"),
    await server.createUser("Cai Cedar"),
  ];
  await server.request("PUT", `/v1/users/${ben.id}/follow`, { token: cai.token });
  await server.request("PUT", `/v1/users/${cai.id}/follow`, { token: ben.token });
  const page = await open(ana, `/#/@${ben.username}`);
  await page.getByRole("button", { name: "Follow Ben Birch" }).click();
  const followers = page.getByRole("button", { name: "2 followers" });
  await followers.click();
  await page.getByRole("dialog").locator(".user-row", { hasText: "Cai Cedar" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "1 following" }).click();
  const followed = page.getByRole("dialog").locator(".user-row");
  await followed.filter({ hasText: "Cai Cedar" }).waitFor();
  assert.equal(await followed.count(), 1);
  assert.deepEqual(page.problems, []);
});

journey("posts and users that a user may not see do not exist", async () => {
  const [ana, ben] = [await server.createUser("Ana"), await server.createUser("Ben Block")];
  const post = (visibility) =>
    server.request("POST", "/v1/posts", { token: ana.token, body: { content: "secret", visibility } });
  const [forFollowers, forAll] = [await post("followers"), await post("public")];
  const page = await open(ben, `/#/post/${forFollowers.id}`);
  await page.getByText("This post doesn't exist.").waitFor();
  await page.goto(`${server.url}/#/post/${forAll.id}`);
  await page.locator(".post", { hasText: "secret" }).waitFor();
  await server.request("PUT", `/v1/users/${ben.id}/block`, { token: ana.token });
  await page.reload();
  await page.getByText("This post doesn't exist.").waitFor();
  await page.goto(`${server.url}/#/@${ana.username}`);
  await page.getByText("This user doesn't exist, or one of you has blocked the other.").waitFor();
  assert.deepEqual(page.problems, []);
});

journey("a status that one user chose is not that of the next user of the browser", async () => {
  const [ana, ben] = [await server.createUser("Ana First"), await server.createUser("Ben Second")];
  const page = await open(null, "/#/login");
  const logIn = async (user) => {
    await page.getByLabel("Email or username").fill(user.username);
    await page.getByLabel("Password", { exact: true }).fill("correct horse");
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByRole("heading", { name: "Home", exact: true }).waitFor();
    await page.goto(`${server.url}/#/@${user.username}`);
  };
  await logIn(ana);
  await page.getByRole("button", { name: "Your status: Online" }).click();
  await page.getByRole("menuitem", { name: "Away, until I change it" }).click();
  await page.getByRole("button", { name: "Your status: Away" }).waitFor();
  await page.goto(`${server.url}/#/settings`);
  await panel(page, "Account").getByRole("button", { name: "Log out" }).click();
  await logIn(ben);
  await page.getByRole("button", { name: "Your status: Online" }).waitFor();
  assert.deepEqual(page.problems, []);
});

journey("a search that ends after its page was left does not change the address of the next one", async () => {
  const page = await open(await server.createUser("Ana"), "/#/people");
  await page.getByRole("heading", { name: "People", exact: true }).waitFor();
  await page.clock.install();
  await page.getByLabel("Search people").fill("someone");
  await page.evaluate(() => (location.hash = "#/notifications"));
  await page.getByRole("heading", { name: "Notifications", exact: true }).waitFor();
  await page.clock.fastForward("00:01");
  assert.equal(new URL(page.url()).hash, "#/notifications");
  await page.goBack();
  await page.getByText("No people found").waitFor();
  assert.deepEqual(page.problems, []);
});

journey("the focus goes on in a list after one of its people is gone", async () => {
  const [ana, ben, cai] = [
    await server.createUser("Ana"),
    await server.createUser("Ben Blocked"),
    await server.createUser("Cai Blocked"),
  ];
  for (const user of [ben, cai])
    await server.request("PUT", `/v1/users/${user.id}/block`, { token: ana.token });
  const page = await open(ana, "/#/settings");
  const rows = panel(page, "Blocked people").locator(".user-row");
  await rows.nth(1).waitFor();
  await rows.first().getByRole("button", { name: "Unblock" }).press("Enter");
  await rows.nth(1).waitFor({ state: "detached" });
  await page.locator(".user-row a:focus").waitFor();
  assert.deepEqual(page.problems, []);
});
