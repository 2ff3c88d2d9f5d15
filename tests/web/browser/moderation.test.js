// Moderation in Chromium against a real server: a report, a hidden post, an appeal, and the pages of moderators.

import assert from "node:assert/strict";
import { setUp } from "./setup.js";

const PHONE = { viewport: { width: 360, height: 640 } };

let ana;
let ben;
let moderator;

const { server, open, journey } = setUp(async () => {
  ana = await server.createUser("Ana Alvarez");
  ben = await server.createUser("Ben Bakker");
  moderator = await server.createUser("Mo Moreau");
  await server.moderate("role", moderator.username, "admin");
});

journey("a post is reported, hidden, appealed and restored", async () => {
  const body = { content: "something not nice" };
  const { id } = await server.request("POST", "/v1/posts", { token: ana.token, body });

  const reader = await open(ben, `/#/post/${id}`);
  await reader.getByRole("button", { name: "Post actions" }).click();
  await reader.getByRole("menuitem", { name: "Report" }).click();
  await reader.getByLabel("Reason").fill("it is rude");
  await reader.locator("dialog").getByRole("button", { name: "Report" }).click();
  await reader.getByText("Report sent.").waitFor();

  const desk = await open(moderator, "/#/", PHONE);
  await desk.goto(`${server.url}/#/moderation`);
  await desk.getByRole("link", { name: /something not nice/ }).click();
  await desk.getByText("Reason: it is rude").waitFor();
  await desk.getByRole("button", { name: "Hide", exact: true }).click();
  await desk.getByLabel("Reason").fill("be kind");
  await desk.locator("dialog").getByRole("button", { name: "Hide" }).click();
  await desk.getByText("It is hidden now.").waitFor();
  await desk.getByRole("button", { name: "Assign to me" }).click();
  await desk.getByText(`Assigned to @${moderator.username}`).waitFor();
  await desk.getByRole("link", { name: "Reports", exact: true }).click();
  await desk.getByLabel("Show").selectOption("Assigned to no one");
  await desk.getByText("No open reports").waitFor();
  await desk.getByLabel("Show").selectOption("Assigned to me");
  await desk.getByRole("link", { name: /something not nice/ }).click();
  await desk.getByRole("button", { name: "Unassign" }).waitFor();
  await desk.getByRole("button", { name: "Resolve" }).click();
  await desk.getByLabel("Note").fill("hidden");
  await desk.locator("dialog").getByRole("button", { name: "Resolve" }).click();
  await desk.getByText("Resolved: hidden").waitFor();

  await reader.reload();
  await reader.getByText("This post doesn't exist.").waitFor();

  const author = await open(ana, "/#/notifications");
  await author.getByRole("link", { name: /Moderators have hidden your post: be kind/ }).click();
  await author.getByRole("link", { name: "See the post" }).click();
  await author.getByText("Hidden by moderators.").waitFor();
  await author.goBack();
  await author.getByRole("button", { name: "Appeal" }).click();
  await author.getByLabel("Why it is wrong").fill("it was a joke");
  await author.getByRole("button", { name: "Send appeal" }).click();
  await author.getByText("Your appeal: it was a joke").waitFor();

  await desk.getByRole("link", { name: "Appeals" }).click();
  await desk.getByText("it was a joke").waitFor();
  await desk.getByRole("button", { name: "Restore" }).click();
  await desk.getByLabel("Reason").fill("a joke indeed");
  await desk.locator("dialog").getByRole("button", { name: "Restore" }).click();
  await desk.locator("dialog").waitFor({ state: "detached" });
  await desk.getByRole("button", { name: "Answer" }).click();
  await desk.getByLabel("Answer", { exact: true }).fill("sorry");
  await desk.getByLabel("Accept the appeal").check();
  await desk.getByRole("button", { name: "Send" }).click();
  await desk.getByText("No open appeals").waitFor();

  await reader.reload();
  await reader.locator(".post", { hasText: "something not nice" }).waitFor();
  await author.goto(`${server.url}/#/actions`);
  await author.reload();
  await author.getByText("Accepted: sorry").waitFor();
  assert.deepEqual([...reader.problems, ...desk.problems, ...author.problems], []);
});

journey("the pages of moderators fit a phone", async () => {
  const page = await open(moderator, "/#/settings", PHONE);
  await page.getByRole("link", { name: "Pages for moderators" }).click();
  for (const name of ["Reports", "Appeals", "People", "Audit", "Registrations"]) {
    await page.getByRole("navigation", { name: "Moderation" }).getByRole("link", { name }).click();
    await page.getByRole("heading", { name, level: 1 }).waitFor();
    await page.locator("main .skeleton").first().waitFor({ state: "hidden" });
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= PHONE.viewport.width, `${name} is ${width} px wide`);
  }
  const { code } = await server.request("POST", "/v1/admin/invite-codes", {
    token: moderator.token,
    body: { uses: 3 },
  });
  await page.reload();
  await page.getByText(code).waitFor();
  assert.deepEqual(page.problems, []);
});

journey("a user is silenced and the silence is ended", async () => {
  const page = await open(moderator, "/#/moderation/people");
  await page.getByLabel("Username").fill(ben.username);
  await page.getByRole("button", { name: "Find" }).click();
  const row = page.locator(".report-entry", { hasText: `@${ben.username}` }).first();
  await row.getByRole("button", { name: "Silence", exact: true }).click();
  await page.getByLabel("Reason").fill("be quiet");
  await page.locator("dialog").getByRole("button", { name: "Silence" }).click();
  await row.getByText(/Silenced until/).waitFor();
  const body = { content: "x" };
  await assert.rejects(server.request("POST", "/v1/posts", { token: ben.token, body }), /user.silenced/);
  await row.getByRole("button", { name: "End silence" }).click();
  await page.getByLabel("Reason").fill("again");
  await page.locator("dialog").getByRole("button", { name: "End silence" }).click();
  await row.getByRole("button", { name: "Silence", exact: true }).waitFor();
  await server.request("POST", "/v1/posts", { token: ben.token, body });
  assert.deepEqual(page.problems, []);
});

journey("users without a role see no pages of moderators", async () => {
  const page = await open(ana, "/#/settings");
  await page.getByRole("link", { name: "Decisions of moderators about you" }).waitFor();
  await page.getByLabel("Email", { exact: true }).waitFor();
  assert.equal(await page.getByRole("link", { name: /Moderation|Pages for moderators/ }).count(), 0);
  assert.deepEqual(page.problems, []);
});
