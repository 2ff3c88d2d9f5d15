// The emoji picker, in Chromium against a real server.

import assert from "node:assert/strict";
import { setUp } from "./setup.js";

const ENGLAND = "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}";
let ana;
let ben;
let conversation;

const { server, open, journey } = setUp(async () => {
  ana = await server.createUser("Ana Alvarez");
  ben = await server.createUser("Ben Brown");
  conversation = await server.createGroup(ana, [ben], "Emoji");
});

journey("any emoji can be a reaction, found by its name and in a skin tone", async () => {
  for (const width of [360, 1280]) {
    const viewport = { width, height: 700 };
    const text = `Seen at ${width}`;
    await server.send(conversation, ben, text);
    const page = await open(ana, `/#/messages/${conversation.id}`, { viewport });
    const row = page.locator(".message", { hasText: text });
    const picker = page.getByRole("dialog", { name: "Choose an emoji" });
    const openPicker = async () => {
      await row.hover();
      await row.getByRole("button", { name: "Message actions" }).click();
      await page.getByRole("menuitem", { name: "More reactions…" }).click();
      await picker.getByLabel("Search emoji").waitFor();
    };
    await openPicker();
    const box = await picker.boundingBox();
    assert.ok(box.x >= 0 && box.x + box.width <= width, "the picker leaves the viewport");
    await picker.getByLabel("Search emoji").fill("flag: engl");
    await picker.getByRole("button", { name: "flag: England" }).click();
    await row.locator(`.reaction[data-emoji="${ENGLAND}"]`).waitFor();
    await openPicker();
    await picker.getByLabel("Skin tone").selectOption({ label: "Medium" });
    await picker.getByRole("button", { name: "People" }).click();
    await picker.getByRole("button", { name: "thumbs up", exact: true }).click();
    await row.locator('.reaction[data-emoji="👍🏽"]').waitFor();
    assert.deepEqual(page.problems, []);
    if (process.env.CONVENE_SCREENSHOTS) {
      await openPicker();
      await page.screenshot({ path: `${process.env.CONVENE_SCREENSHOTS}/emoji-picker-${width}.png` });
    }
    await page.context().close();
    const path = `/v1/conversations/${conversation.id}/messages`;
    const { items } = await server.request("GET", path, { token: ana.token });
    const stored = items.find((one) => one.content === text).reactions.map((one) => one.emoji);
    assert.deepEqual(stored, [ENGLAND, "👍🏽"]);
  }
});

journey("an emoji is inserted at the caret of the message", async () => {
  const page = await open(ben, `/#/messages/${conversation.id}`);
  const input = page.getByLabel("Message", { exact: true });
  await input.fill("ab");
  await page.keyboard.press("ArrowLeft");
  await page.getByRole("button", { name: "Insert emoji" }).click();
  const picker = page.getByRole("dialog", { name: "Choose an emoji" });
  await picker.getByLabel("Search emoji").fill("party pop");
  await picker.getByRole("button", { name: "party popper" }).waitFor();
  await page.keyboard.press("Tab");
  while ((await page.evaluate(() => document.activeElement.getAttribute("aria-label"))) !== "party popper")
    await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.activeElement.tagName === "TEXTAREA");
  assert.equal(await input.inputValue(), "a🎉b");
  assert.deepEqual(page.problems, []);
});
