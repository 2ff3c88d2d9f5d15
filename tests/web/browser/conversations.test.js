// Conversations, in Chromium against a real server. Run by `make test-browser`.

import assert from "node:assert/strict";
import { window } from "./chromium.js";
import { until } from "./server.js";
import { setUp } from "./setup.js";

let ana;
let ben;

const { server, open, journey } = setUp(async () => {
  ana = await server.createUser("Ana Alvarez");
  ben = await server.createUser("Ben Brown");
});

// A group of both, with messages of Ben.
const group = (count, name) => server.createGroupWithMessages(ana, ben, count, name);

journey("two people talk, edit, react and delete", async () => {
  const conversation = await group(0, "Talk");
  const address = `/#/messages/${conversation.id}`;
  const [one, other] = [await open(ana, address), await open(ben, address)];
  await one.getByLabel("Message", { exact: true }).fill("Hello Ben");
  await one.keyboard.press("Enter");
  const row = other.locator(".message", { hasText: "Hello Ben" });
  await row.waitFor();
  await row.hover();
  await row.getByRole("button", { name: "Message actions" }).click();
  await other.getByRole("menuitem", { name: "React with 👍" }).click();
  await one.locator(".reaction").waitFor();
  await one.getByLabel("Message", { exact: true }).focus();
  await one.keyboard.press("ArrowUp");
  const editor = one.getByLabel("Edit message");
  await editor.fill("Never mind");
  await one.keyboard.press("Escape");
  await one.locator(".message", { hasText: "Hello Ben" }).waitFor();
  await one.keyboard.press("ArrowUp");
  await editor.fill("Hello again");
  await one.keyboard.press("Control+Enter");
  await editor.waitFor({ state: "detached" });
  await other.getByText("Hello again").first().waitFor();
  await one.locator(".message", { hasText: "Hello again" }).hover();
  await one.getByRole("button", { name: "Message actions" }).click();
  await one.getByRole("menuitem", { name: "Delete" }).click();
  await one.locator("dialog").getByRole("button", { name: "Delete" }).click();
  await other.locator(".message.deleted").waitFor();
  assert.deepEqual([...one.problems, ...other.problems], []);
});

journey("added people are one line with their names, and the last message has ticks", async () => {
  const conversation = await group(0, "Additions");
  for (const name of ["Cleo", "Dan", "Eva"]) {
    const { id } = await server.createUser(name);
    const path = `/v1/conversations/${conversation.id}/participants/${id}`;
    await server.request("PUT", path, { token: ana.token });
  }
  const message = await server.send(conversation, ana, "Welcome");
  const page = await open(ana, `/#/messages/${conversation.id}`);
  await page.getByText("You added Cleo, Dan and Eva").waitFor();
  await page.locator(".receipt", { hasText: "Sent" }).waitFor();
  await server.markRead(conversation, ben, message.seq);
  await page.locator(".receipt", { hasText: "Read by 1" }).waitFor();
  // With the keyboard: the focus goes on at the first of them.
  await page.getByRole("button", { name: "Show all" }).press("Enter");
  await page.locator('.system-message[data-seq="1"]:focus').waitFor();
  assert.equal(await page.locator(".system-message").count(), 3);
  assert.deepEqual(page.problems, []);
});

journey("a message that begins with a name says in the list who wrote it", async () => {
  const conversation = await group(0, "Addressed");
  await server.send(conversation, ben, `@${ana.username} are you there?`);
  const page = await open(ana, "/#/messages");
  const row = page.locator(".conversation-row", { hasText: "Addressed" });
  await row.getByText(`Ben Brown: @${ana.username} are you there?`).waitFor();
  assert.deepEqual(page.problems, []);
});

journey("a list in a message is part of its row for the keyboard", async () => {
  const conversation = await group(0, "Lists");
  await server.send(conversation, ben, "- see https://example.org\n- and more");
  const page = await open(ana, `/#/messages/${conversation.id}`);
  const row = page.locator(".message", { hasText: "and more" });
  await row.focus();
  await page.keyboard.press("ArrowRight");
  await row.locator("a:focus").waitFor();
  assert.equal(await page.locator('.message-rows > li[tabindex="0"]').count(), 1);
  await page.keyboard.press("ArrowLeft");
  assert.ok(await row.evaluate((one) => one === document.activeElement));
  assert.deepEqual(page.problems, []);
});

journey("a conversation that could not be loaded is there after another try, at its end", async () => {
  const conversation = await group(60, "Later");
  await server.markRead(conversation, ana, 60);
  const page = await open(ana, "/#/");
  await page.getByRole("heading", { name: "Home" }).waitFor();
  const messages = `**/v1/conversations/${conversation.id}/messages?*`;
  await page.route(messages, (route) => route.abort());
  await page.goto(`${server.url}/#/messages/${conversation.id}`);
  const retry = page.locator(".load-older").getByRole("button", { name: "Try again" });
  await retry.waitFor();
  await page.unroute(messages);
  await retry.click();
  await page.locator(".message", { hasText: "message 59" }).waitFor();
  const below = () =>
    page.locator(".scroll-area").evaluate((one) => one.scrollHeight - one.scrollTop - one.clientHeight);
  await until(async () => (await below()) < 5, "the end is not shown");
  assert.deepEqual(page.problems, []);
});

journey("a conversation that could not be found for want of a network has another try", async () => {
  const conversation = await group(1, "Found later");
  const page = await open(null, "/#/login");
  // Neither the list nor the conversation.
  await page.route("**/v1/conversations**", (route) => route.abort());
  await page.goto(`${server.url}/#/messages/${conversation.id}`);
  await page.getByLabel("Email or username").fill(ana.username);
  await page.getByLabel("Password", { exact: true }).fill("correct horse");
  await page.getByRole("button", { name: "Log in" }).click();
  const retry = page.locator(".conversation").getByRole("button", { name: "Try again" });
  await retry.waitFor();
  await page.unroute("**/v1/conversations**");
  await retry.click();
  await page.locator(".bubble", { hasText: "message 0" }).waitFor();
  assert.deepEqual(page.problems, []);
});

journey("a long history has few rows, and its first message is reachable", async () => {
  const conversation = await group(700, "Long");
  await server.markRead(conversation, ana, 700);
  const page = await open(ana, `/#/messages/${conversation.id}`);
  await page.locator(".bubble").first().waitFor();
  const area = page.getByRole("region", { name: "Messages" });
  await until(async () => {
    await area.evaluate((one) => one.scrollTo(0, 300));
    return (await window(page))[0] < 300;
  }, "older messages are not loaded");
  assert.ok((await page.locator("[data-seq]").count()) <= 150);
  await page.getByLabel("Conversation details").click();
  await page.getByRole("button", { name: "First message" }).click();
  await until(async () => (await window(page))[0] === 1, "the first message is not shown");
  await server.send(conversation, ben, "the newest");
  await page.getByRole("button", { name: "Jump to latest" }).click();
  await page.getByText("the newest").first().waitFor();
  await page.goto(`${server.url}/#/messages/${conversation.id}?at=50`);
  await page.locator('.highlighted[data-seq="50"]').waitFor();
  assert.deepEqual(page.problems, []);
});

journey("drafts survive a reload, and back shows a view as it was left", async () => {
  const conversation = await group(1, "Drafts");
  for (let index = 0; index < 25; index += 1)
    await server.request("POST", "/v1/posts", { token: ana.token, body: { content: `post ${index}` } });
  const page = await open(ana, "/#/");
  await page.locator(".composer textarea").fill("half a post");
  await page.locator(".post").nth(19).scrollIntoViewIfNeeded();
  await page.locator(".post").nth(24).waitFor();
  await page.evaluate(() => scrollTo(0, 1_500));
  await page
    .locator(".post .timestamp")
    .nth(20)
    .evaluate((link) => link.click());
  await page.getByRole("heading", { name: "Post", exact: true }).waitFor();
  await page.goBack();
  await page.getByRole("heading", { name: "Home" }).waitFor();
  assert.equal(await page.locator(".post").count(), 25);
  assert.equal(await page.evaluate(() => scrollY), 1_500);
  assert.equal(await page.locator(".composer textarea").inputValue(), "half a post");
  await page.goto(`${server.url}/#/messages/${conversation.id}`);
  await page.getByLabel("Message", { exact: true }).fill("half a message");
  await page.reload();
  await page.locator(".bubble").first().waitFor();
  assert.equal(await page.getByLabel("Message", { exact: true }).inputValue(), "half a message");
});

journey("a reply and a change of a message are kept while another conversation is open", async () => {
  const conversation = await group(1, "Begun");
  const other = await group(1, "Elsewhere");
  await server.send(conversation, ana, "my message");
  const page = await open(ana, `/#/messages/${conversation.id}`);
  const input = page.getByLabel("Message", { exact: true });
  const editor = page.getByLabel("Edit message");
  const leaveAndReturn = async () => {
    await page.goto(`${server.url}/#/messages/${other.id}`);
    await page.locator("h2", { hasText: "Elsewhere" }).waitFor();
    await page.goto(`${server.url}/#/messages/${conversation.id}`);
    await page.locator(".message", { hasText: "my message" }).waitFor();
  };
  await page.locator(".message", { hasText: "message 0" }).press("Enter");
  await page.getByRole("menuitem", { name: "Reply" }).press("Enter");
  await leaveAndReturn();
  await page.getByText("Replying to Ben Brown: message 0").waitFor();
  await input.fill("the answer");
  await page.keyboard.press("Enter");
  await page.locator(".message:not(.unsent) .quote").waitFor();
  assert.equal(await page.locator(".reply-bar").count(), 0);
  await page.keyboard.press("ArrowUp");
  await editor.fill("a better answer");
  await leaveAndReturn();
  await input.press("ArrowUp");
  assert.equal(await editor.inputValue(), "a better answer");
  await page.keyboard.press("Escape");
  await page.keyboard.press("ArrowUp");
  assert.equal(await editor.inputValue(), "the answer");
  assert.deepEqual(page.problems, []);
});

journey("a message that mentions the user is marked", async () => {
  const conversation = await group(1, "Mentioned");
  const body = { client_id: "1", content: `@${ana.username} are you there?`, mentions: [ana.id] };
  await server.request("POST", `/v1/conversations/${conversation.id}/messages`, { token: ben.token, body });
  const page = await open(ana, `/#/messages/${conversation.id}`);
  const marked = page.locator(".message.mentions-me", { hasText: "are you there?" });
  await marked.waitFor();
  assert.equal(await page.locator(".mentions-me").count(), 1);
  // Its notification shows it, also if the messages are loaded already.
  await page.goto(`${server.url}/#/notifications`);
  await page.getByText("Ben Brown mentioned you").first().click();
  await marked.waitFor();
});

journey("a keyboard is enough to reply to a message", async () => {
  const conversation = await group(0, "Keyboard");
  for (const index of [0, 1, 2]) await server.send(conversation, ben, `message ${index}`);
  const page = await open(ana, `/#/messages/${conversation.id}`);
  await page.locator(".bubble").first().waitFor();
  await page.locator(".conversation-row[aria-current]").focus();
  let tabs = 0;
  const active = () => page.evaluate(() => document.activeElement.className);
  while (!(await active()).includes("message-input")) {
    await page.keyboard.press("Tab");
    tabs += 1;
    assert.ok(tabs <= 6, "too many stops between the list and the composer");
  }
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  await page.getByRole("menu").waitFor();
  await page.getByRole("menuitem", { name: "Reply" }).focus();
  await page.keyboard.press("Enter");
  await page.keyboard.type("a reply");
  await page.keyboard.press("Enter");
  await page.locator(".message .quote", { hasText: "message 1" }).waitFor();
});

journey("a request is accepted and another declined", async () => {
  const me = await server.createUser("Dora Diaz");
  const page = await open(me, "/#/settings");
  await page.getByLabel("Who can add me to groups").selectOption("known");
  const privacy = page.locator("section.panel", { has: page.getByRole("heading", { name: "Privacy" }) });
  await privacy.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved").waitFor();
  await server.createGroup(ana, [me], "Wanted");
  await server.createGroup(ben, [me], "Unwanted");
  await page.locator('a[href="#/messages"] .badge', { hasText: "2" }).waitFor();
  await page.locator('a[href="#/messages"]').first().click();
  await page.getByRole("link", { name: "Requests" }).click();
  const row = (name) => page.locator("li.user-row", { hasText: name });
  await row("Unwanted").getByRole("button", { name: "Decline" }).click();
  await row("Unwanted").waitFor({ state: "detached" });
  await row("Wanted").getByRole("button", { name: "Accept" }).click();
  await page.locator(".conversation-row", { hasText: "Wanted" }).waitFor();
  assert.equal(await page.locator(".conversation-row", { hasText: "Unwanted" }).count(), 0);
});

journey("an admin finds members, makes admins and takes it back, and removes someone after a question", async () => {
  const others = [];
  for (const name of ["Abel", "Bela", "Cleo", "Dora", "Emil", "Fred", "Gina"])
    others.push(await server.createUser(`Member ${name}`));
  const conversation = await server.createGroup(ana, others, "Members");
  const page = await open(ana, `/#/messages/${conversation.id}`);
  await page.getByLabel("Conversation details").click();
  const dialog = page.getByRole("dialog", { name: "Members" });
  await dialog.getByLabel("Find a member").fill("dora");
  const rows = dialog.locator(".user-row");
  await until(async () => (await rows.count()) === 1, "the members are not searched");
  const admins = async () => (await server.conversation(conversation, ana)).admins.length;
  await dialog.getByRole("button", { name: "Make admin Member Dora" }).press("Enter");
  await dialog.getByText("Admin", { exact: true }).waitFor();
  assert.equal(await admins(), 2);
  await page.locator("dialog .user-row button:focus").press("Enter");
  await dialog.getByRole("button", { name: "Make admin Member Dora" }).waitFor();
  assert.equal(await admins(), 1);
  await dialog.getByRole("button", { name: "Remove Member Dora" }).click();
  const question = page.getByRole("dialog", { name: "Remove Member Dora from this group?" });
  await question.getByRole("button", { name: "Cancel" }).click();
  assert.equal((await server.conversation(conversation, ana)).member_count, 8);
  await dialog.getByRole("button", { name: "Remove Member Dora" }).click();
  await question.getByRole("button", { name: "Remove" }).click();
  await dialog.getByText("7 members").waitFor();
  // A toast over a dialog can be clicked.
  await dialog.getByLabel("Group name").fill("New name");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name: "New name" }).waitFor();
  await page.getByRole("button", { name: "Dismiss" }).click();
  assert.equal(await page.locator(".toast").count(), 0);
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  assert.equal(await page.locator("body > #toasts").count(), 1);
  assert.deepEqual(page.problems, []);
});

journey("the header of a direct conversation says whether the other one is there", async () => {
  const dana = await server.createUser("Dana");
  const body = { type: "DIRECT", participants: [dana.id] };
  const { id } = await server.request("POST", "/v1/conversations", { token: ana.token, body });
  const page = await open(ana, `/#/messages/${id}`);
  const header = page.locator(".conversation-header");
  const says = (text) => header.getByText(`@${dana.username} · ${text}`).waitFor();
  const other = await open(dana, "/#/");
  await says("Online");
  await other.context().close();
  await says("Last seen just now");
  assert.deepEqual(page.problems, []);
});
