// Unread messages, read marks and alerts, in Chromium against a real server. Run by `make test-browser`.

import assert from "node:assert/strict";
import { texts, window } from "./chromium.js";
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

journey("a conversation opens at the first unread message and marks what was on screen", async () => {
  const conversation = await group(300, "Unread");
  await server.markRead(conversation, ana, 100);
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
  await page.evaluate(() => {
    document.hasFocus = () => false;
    dispatchEvent(new Event("blur"));
  });
  await server.send(conversation, ben, "not seen");
  await page.waitForFunction(() => globalThis.alerts.length > 0);
  assert.deepEqual(await page.evaluate(() => globalThis.alerts), ["Alerts: Ben Brown: not seen"]);
  assert.deepEqual(page.problems, []);
});

journey("a tab behind another one does not alert of what that shows", async () => {
  const conversation = await group(0, "Behind");
  const behind = await open(ana, "/#/messages");
  await behind.addInitScript(() => {
    localStorage.setItem("convene.desktop_notifications", "on");
    document.hasFocus = () => false;
    globalThis.alerts = [];
    globalThis.Notification = class {
      static permission = "granted";
      constructor(title, { body }) {
        globalThis.alerts.push(`${title}: ${body}`);
      }
    };
  });
  await behind.reload();
  const row = behind.locator(".conversation-row", { hasText: "Behind" });
  await row.waitFor();
  await server.send(conversation, ben, "nobody looks");
  await behind.waitForFunction(() => globalThis.alerts.length === 1);
  const front = await behind.context().newPage();
  await front.goto(`${server.url}/#/messages/${conversation.id}`);
  await front.locator(".bubble", { hasText: "nobody looks" }).waitFor();
  await server.send(conversation, ben, "seen in front");
  await row.filter({ hasText: "seen in front" }).waitFor();
  await front.close();
  await server.send(conversation, ben, "not seen");
  await behind.waitForFunction(() => globalThis.alerts.length > 1);
  assert.deepEqual(await behind.evaluate(() => globalThis.alerts), [
    "Behind: Ben Brown: nobody looks",
    "Behind: Ben Brown: not seen",
  ]);
  assert.deepEqual(behind.problems, []);
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
