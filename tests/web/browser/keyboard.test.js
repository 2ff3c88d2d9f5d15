// Without a mouse: few Tab presses, arrow keys in lists and menus.

import assert from "node:assert/strict";
import { until } from "./server.js";
import { setUp } from "./setup.js";

const MAX_TABS = 6;
const MESSAGES = 30;

let page;

const { server, open, journey } = setUp(async () => {
  const ana = await server.createUser("Ana Alvarez");
  const ben = await server.createUser("Ben Brown");
  const cleo = await server.createUser("Cleo Costa");
  const conversation = await server.createGroup(ana, [ben, cleo], "First");
  await server.createGroup(ana, [ben], "Second");
  // The filter is there from eight conversations on.
  for (const name of ["Third", "Fourth", "Fifth", "Sixth", "Café", "Eighth"])
    await server.createGroup(ana, [ben], name);
  for (let index = 0; index < MESSAGES; index += 1)
    await server.send(conversation, ben, `message ${index} for @${cleo.username}, see https://example.org`);
  page = await open(ana, `/#/messages/${conversation.id}`);
  await page.locator(".message").nth(MESSAGES - 1).waitFor();
});

journey("the composer is at most six Tabs from the list", async () => {
  await page.locator(".conversation-row[aria-current]").focus();
  let tabs = 0;
  while (tabs < 40 && !(await page.evaluate(() => document.activeElement.matches(".message-input")))) {
    await page.keyboard.press("Tab");
    tabs += 1;
  }
  assert.ok(tabs <= MAX_TABS, `${tabs} Tabs`);
});

journey("arrow keys move through messages and their menu", async () => {
  const focusedText = () => page.evaluate(() => document.activeElement.textContent);
  await page.locator(".message").last().focus();
  await page.keyboard.press("ArrowUp");
  assert.match(await focusedText(), /message 28/);
  await page.keyboard.press("ArrowRight");
  assert.match(await focusedText(), /@cleo/);
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.getByRole("menu").waitFor();
  await page.keyboard.press("ArrowDown");
  assert.match(await focusedText(), /Reply/);
  await page.keyboard.press("End");
  assert.match(await focusedText(), /Block/);
  await page.keyboard.press("Home");
  assert.match(await focusedText(), /👍/);
  await page.keyboard.press("ArrowUp");
  assert.match(await focusedText(), /Block/);
  await page.getByRole("menuitem", { name: "Reply" }).focus();
  await page.keyboard.press("ArrowDown");
  assert.match(await focusedText(), /More reactions/);
  await page.keyboard.press("Escape");
  await page.getByRole("menu").waitFor({ state: "hidden" });
});

journey("the focus stays at a message that changes", async () => {
  const row = page.locator(".message").last();
  await row.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name: "React with 👍" }).press("Enter");
  await row.locator(".reaction").waitFor();
  const focused = () => page.evaluate(() => document.activeElement.dataset.action);
  assert.equal(await focused(), "menu");
  await row.locator(".reaction").press("Enter");
  await row.locator(".reaction").waitFor({ state: "detached" });
  assert.ok(await row.evaluate((one) => one === document.activeElement));
});

journey("a date is typed before the messages of that day are shown", async () => {
  await page.getByLabel("Conversation details").click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Jump to date").focus();
  await page.keyboard.type("01022020");
  assert.equal(await dialog.getByLabel("Jump to date").inputValue(), "2020-01-02");
  await page.keyboard.press("Enter");
  await dialog.waitFor({ state: "detached" });
  const first = page.locator('.highlighted[data-seq="1"]');
  await first.waitFor();
  assert.ok(await first.evaluate((one) => one === document.activeElement));
});

journey("Page Up and Page Down scroll the messages while the user writes", async () => {
  const top = () => page.locator(".scroll-area").evaluate((one) => one.scrollTop);
  const before = await top();
  await page.getByLabel("Message", { exact: true }).focus();
  await page.keyboard.press("PageDown");
  await until(async () => (await top()) > before, "Page Down does not scroll");
  const lower = await top();
  await page.keyboard.press("PageUp");
  await until(async () => (await top()) < lower, "Page Up does not scroll back");
});

journey("the messages scroll, the page does not", async () => {
  const size = await page.evaluate(() => {
    const below = (one) => one.scrollHeight - one.clientHeight;
    return { page: below(document.documentElement), area: below(document.querySelector(".scroll-area")) };
  });
  assert.ok(size.area > 0, "the messages fit on the screen");
  assert.equal(size.page, 0);
});

journey("an emoji is searched and chosen", async () => {
  await page.getByLabel("Insert emoji").press("Enter");
  await page.getByLabel("Search emoji").waitFor();
  await page.keyboard.type("party popper");
  await page.keyboard.press("ArrowDown");
  assert.equal(await page.evaluate(() => document.activeElement.title), "party popper");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.equal(await page.getByLabel("Message", { exact: true }).inputValue(), "🎉");
  await page.getByLabel("Message", { exact: true }).fill("");
});

journey("people of a new group are searched and selected", async () => {
  await page.getByRole("link", { name: "New conversation" }).press("Enter");
  await page.locator(".picker input:focus").waitFor();
  for (const name of ["Ben", "Cleo"]) {
    await page.keyboard.type(name);
    await page.keyboard.press("Enter");
    await page.locator(".chip", { hasText: name }).waitFor();
    assert.equal(await page.locator(".picker input:focus").inputValue(), "");
  }
  await page.keyboard.press("Enter");
  await page.getByText("3 members").waitFor();
  await page.goBack();
  await page.locator(".message").nth(MESSAGES - 1).waitFor();
});

journey("a conversation is found with Ctrl + K, and the next one opened with Alt and an arrow key", async () => {
  const heading = page.locator(".conversation-header h2");
  const opened = (name) => heading.getByText(name, { exact: true }).waitFor();
  await page.getByLabel("Message", { exact: true }).fill("half a message");
  await page.keyboard.press("Control+k");
  await page.keyboard.type("cafe");
  await page.keyboard.press("Enter");
  await opened("Café");
  await page.locator(".conversation-row", { hasText: "First" }).getByText("Draft: half a message").waitFor();
  await page.locator(".message-input:focus").waitFor();
  await page.keyboard.press("Alt+ArrowDown");
  await opened("Sixth");
  await page.keyboard.press("Alt+ArrowUp");
  await opened("Café");
  await page.goto(`${server.url}/#/notifications`);
  await page.getByRole("heading", { name: "Notifications" }).waitFor();
  await page.keyboard.press("Control+k");
  await page.locator(".conversation-filter:focus").waitFor();
  await page.keyboard.type("first");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await opened("First");
  assert.equal(await page.getByLabel("Message", { exact: true }).inputValue(), "half a message");
  await page.getByLabel("Message", { exact: true }).fill("");
});

journey("Ctrl + / shows the shortcuts", async () => {
  await page.keyboard.press("Control+/");
  await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
  await page.keyboard.press("Escape");
});
