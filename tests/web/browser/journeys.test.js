// What users do, in Chromium against a real server. Run by `make test-browser`.

import assert from "node:assert/strict";
import { texts, window } from "./chromium.js";
import { sleep } from "./server.js";
import { setUp } from "./setup.js";

let ana;
let ben;

const { server, open, journey } = setUp(async () => {
  ana = await server.createUser("Ana Alvarez");
  ben = await server.createUser("Ben Brown");
});

async function group(count, name) {
  const conversation = await server.createGroup(ana, [ben], name);
  for (let at = 0; at < count; at += 20) {
    const batch = Array.from({ length: Math.min(20, count - at) }, (_, index) => at + index);
    await Promise.all(batch.map((index) => server.send(conversation, ben, `message ${index}`)));
  }
  return conversation;
}

async function setRead(conversation, seq) {
  const path = `/v1/conversations/${conversation.id}/read`;
  await server.request("PUT", path, { token: ana.token, body: { seq } });
}

// Waits until `check` returns a true value.
async function until(check, message, timeoutMs = 60_000) {
  const deadline = Date.now() + timeoutMs;
  while (!(await check())) {
    if (Date.now() > deadline) assert.fail(message);
    await sleep(100);
  }
}

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
  const path = `/v1/conversations/${conversation.id}/read`;
  await server.request("PUT", path, { token: ben.token, body: { seq: message.seq } });
  await page.locator(".receipt", { hasText: "Read by 1" }).waitFor();
  await page.getByRole("button", { name: "Show all" }).click();
  assert.equal(await page.locator(".system-message").count(), 3);
});

journey("a conversation opens at the first unread message and marks what was on screen", async () => {
  const conversation = await group(300, "Unread");
  await setRead(conversation, 100);
  const page = await open(ana, `/#/messages/${conversation.id}`);
  await page.locator(".new-divider").waitFor();
  await page.getByText("200 new messages").waitFor();
  const read = async () => (await server.conversation(conversation, ana)).read_seq;
  await until(async () => (await read()) > 100, "nothing is marked");
  assert.ok((await read()) < 150, "more is marked than was on screen");
  await page.getByRole("button", { name: "Jump to latest" }).first().click();
  await until(async () => (await read()) >= 300, "the end is not marked");
  assert.equal((await window(page))[1], 300);
});

journey("messages are marked as unread again, and stay so until they are opened", async () => {
  const conversation = await group(5, "Again");
  const other = await group(0, "Elsewhere");
  const page = await open(ana, `/#/messages/${conversation.id}`);
  const row = page.locator(".conversation-row", { hasText: "Again" });
  await row.locator(".badge").waitFor({ state: "detached" });
  await page.locator('[data-seq="4"]').hover();
  await page.locator('[data-seq="4"]').getByRole("button", { name: "Message actions" }).click();
  await page.getByRole("menuitem", { name: "Mark unread from here" }).click();
  await row.getByText("2 unread").waitFor();
  await page.locator(".new-divider + [data-seq='4']").waitFor();
  await page.locator(".conversation-row", { hasText: "Elsewhere" }).click();
  await page.getByRole("heading", { name: "Elsewhere" }).waitFor();
  await page.reload();
  await row.getByText("2 unread").waitFor();
  await row.click();
  await page.locator(".new-divider + [data-seq='4']").waitFor();
  await row.locator(".badge").waitFor({ state: "detached" });
  assert.equal((await server.conversation(other, ana)).unread_count, 0);
  assert.deepEqual(page.problems, []);
});

journey("a message alerts a user who looks elsewhere, and not one who sees it", async () => {
  const conversation = await group(0, "Alerts");
  const page = await open(ana, `/#/messages/${conversation.id}`);
  await page.getByText("No messages yet").first().waitFor();
  await page.evaluate(() => {
    localStorage.setItem("convene.desktop_notifications", "on");
    globalThis.alerts = [];
    globalThis.Notification = class {
      static permission = "granted";
      constructor(title, { body }) {
        globalThis.alerts.push(`${title}: ${body}`);
      }
    };
  });
  await server.send(conversation, ben, "seen");
  await page.locator(".bubble", { hasText: "seen" }).waitFor();
  await page.evaluate(() => (document.hasFocus = () => false));
  await server.send(conversation, ben, "not seen");
  await page.waitForFunction(() => globalThis.alerts.length > 0);
  assert.deepEqual(await page.evaluate(() => globalThis.alerts), ["Alerts: Ben Brown: not seen"]);
  assert.deepEqual(page.problems, []);
});

journey("a long history has few rows, and its first message is reachable", async () => {
  const conversation = await group(700, "Long");
  await setRead(conversation, 700);
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

journey("no message is lost when the server restarts and its answers are late", async () => {
  const conversation = await group(10, "Restart");
  await setRead(conversation, 10);
  const page = await open(ana, `/#/messages/${conversation.id}`);
  await page.locator(".bubble").first().waitFor();
  await page.route("**/v1/conversations?*", async (route) => {
    await sleep(1_200);
    await route.continue();
  });
  await page.route("**/v1/conversations/*/changes?*", async (route) => {
    await sleep(2_500);
    await route.continue();
  });
  await server.stop();
  await page.getByText("Reconnecting").waitFor();
  await page.getByLabel("Message", { exact: true }).fill("sent while the server is down");
  await page.keyboard.press("Enter");
  await page.getByText("Waiting for network").waitFor();
  await server.start();
  for (let index = 0; index < 6; index += 1) {
    await server.send(conversation, ben, `after ${index}`);
    await sleep(300);
  }
  const path = `/v1/conversations/${conversation.id}/messages?limit=100`;
  const shown = async () => {
    const { items } = await server.request("GET", path, { token: ana.token });
    const stored = items.filter((one) => one.message_type === "TEXT").map((one) => one.content);
    const seen = await texts(page);
    return stored.length === 17 && JSON.stringify(stored.reverse()) === JSON.stringify(seen);
  };
  await until(shown, "the messages on screen are not those of the server");
});

journey("offline is noticed at once, and messages are sent afterwards", async () => {
  const conversation = await group(1, "Offline");
  const page = await open(ana, `/#/messages/${conversation.id}`);
  await page.locator(".bubble").first().waitFor();
  await page.context().setOffline(true);
  await page.getByText("You're offline").waitFor({ timeout: 5_000 });
  await page.getByLabel("Message", { exact: true }).fill("typed offline");
  await page.keyboard.press("Enter");
  await page.locator(".unsent", { hasText: "Waiting for network" }).waitFor();
  // The socket has found out too.
  await page.locator('.connection-banner:not([data-state="live"])').waitFor();
  await page.context().setOffline(false);
  await page.locator(".unsent").waitFor({ state: "detached", timeout: 20_000 });
  assert.deepEqual(await texts(page), ["message 0", "typed offline"]);
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

journey("an unsent message survives a reload and is stored once", async () => {
  const conversation = await group(1, "Resend");
  const page = await open(ana, `/#/messages/${conversation.id}`);
  await page.locator(".bubble").first().waitFor();
  await page.context().setOffline(true);
  await page.getByLabel("Message", { exact: true }).fill("kept");
  await page.keyboard.press("Enter");
  await page.locator(".unsent").waitFor();
  await page.context().setOffline(false);
  await page.reload();
  await until(async () => (await texts(page)).includes("kept"), "the message is not sent");
  const path = `/v1/conversations/${conversation.id}/messages`;
  const { items } = await server.request("GET", path, { token: ana.token });
  assert.equal(items.filter((one) => one.content === "kept").length, 1);
});

journey("two tabs show the same messages and read marks", async () => {
  const conversation = await group(3, "Tabs");
  const first = await open(ana, `/#/messages/${conversation.id}`);
  await until(
    async () => (await server.conversation(conversation, ana)).unread_count === 0,
    "the first tab marks nothing",
  );
  const second = await first.context().newPage();
  await second.goto(`${server.url}/#/messages`);
  const row = second.locator(".conversation-row", { hasText: "Tabs" });
  await row.waitFor();
  await until(async () => (await row.locator(".badge").count()) === 0, "the other tab still counts unread");
  await first.bringToFront();
  await server.send(conversation, ben, "read in the first tab");
  await row.filter({ hasText: "read in the first tab" }).waitFor();
  await until(
    async () => (await server.conversation(conversation, ana)).unread_count === 0,
    "the first tab does not mark a new message",
  );
  await until(async () => (await row.locator(".badge").count()) === 0, "the other tab does not learn of the mark");
  await second.bringToFront();
  await row.click();
  await second.getByLabel("Message", { exact: true }).fill("from the second tab");
  await second.keyboard.press("Enter");
  await first.getByText("from the second tab").first().waitFor();
  assert.deepEqual(await texts(first), await texts(second));
});

journey("a revoked session leads to the login, and from there back", async () => {
  const cara = await server.createUser("Cara");
  const page = await open(null, "/#/events");
  const logIn = async () => {
    await page.getByLabel("Email or username").fill(cara.username);
    await page.getByLabel("Password").fill("correct horse");
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByRole("heading", { name: "Events", exact: true }).waitFor();
  };
  await logIn();
  const { items } = await server.request("GET", "/v1/sessions", { token: cara.token });
  for (const one of items.filter((session) => !session.current))
    await server.request("DELETE", `/v1/sessions/${one.id}`, { token: cara.token });
  await page.getByText("You were logged out").waitFor();
  await logIn();
  assert.deepEqual(page.problems, []);
});

journey("text of users never becomes markup", async () => {
  const attack = `<img src=x onerror="document.title='attacked'"><script>document.title='attacked'</script>`;
  const eve = await server.createUser("Eve");
  const body = { display_name: `${attack.slice(0, 60)}`, bio: attack };
  await server.request("PATCH", "/v1/users/me", { token: eve.token, body });
  const conversation = await server.createGroup(eve, [ana], attack.slice(0, 90));
  await server.send(conversation, eve, `${attack} javascript:alert(1) https://example.org/"onclick=alert(1)`);
  await server.request("POST", "/v1/posts", { token: eve.token, body: { content: attack } });
  const page = await open(ana, `/#/messages/${conversation.id}`);
  await page.locator(".bubble").first().waitFor();
  for (const address of ["", `/#/@${eve.username}`, "/#/messages"]) {
    if (address) await page.goto(server.url + address);
    await page.locator("main").getByText("<img src=x").first().waitFor();
    assert.equal(await page.locator("main img, main script").count(), 0);
    const links = await page.locator("main a").evaluateAll((all) => all.map((one) => one.protocol));
    assert.ok(links.every((protocol) => ["http:", "https:"].includes(protocol)));
    assert.ok(!(await page.title()).includes("attacked"));
  }
  assert.deepEqual(page.problems, []);
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

journey("changing the email address and deleting the account need the password", async () => {
  const dora = await server.createUser("Dora");
  const page = await open(dora, "/#/settings");
  const profile = page.locator("section.panel", { hasText: "Profile" }).first();
  await profile.getByLabel("Email").fill("dora@elsewhere.example");
  const save = profile.getByRole("button", { name: "Save" });
  await save.click();
  await profile.getByText("Enter your current password.").waitFor();
  const password = profile.locator("input[name=current_password]");
  await password.fill("a wrong one");
  await save.click();
  await profile.getByText("The current password is wrong.").waitFor();
  await password.fill("correct horse");
  await save.click();
  await until(async () => (await password.inputValue()) === "", "the password stayed in the form");
  const { email } = await server.request("GET", "/v1/users/me", { token: dora.token });
  assert.equal(email, "dora@elsewhere.example");

  await page.getByRole("button", { name: "Delete account" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.locator("input[name=current_password]").fill("a wrong one");
  await dialog.getByRole("button", { name: "Delete account" }).click();
  await dialog.getByText("The current password is wrong.").waitFor();
  await dialog.locator("input[name=current_password]").fill("correct horse");
  await dialog.getByRole("button", { name: "Delete account" }).click();
  await page.getByText("Your account was deleted.").waitFor();
  // The refused tries are in the console of the browser.
  assert.ok(page.problems.every((problem) => /40[13]/.test(problem)), page.problems.join("\n"));
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
