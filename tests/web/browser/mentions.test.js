// Mentions in a group of more members than the browser loads, in Chromium against a real server.

import assert from "node:assert/strict";
import { setUp } from "./setup.js";

let ana;
let last;
let conversation;

const { server, open, journey } = setUp(async () => {
  ana = await server.createUser("Ana Alvarez");
  const others = [];
  for (let number = 0; number < 104; number += 8) {
    const batch = Array.from({ length: 8 }, (_, index) => `Member ${number + index}`);
    others.push(...(await Promise.all(batch.map((name) => server.createUser(name)))));
  }
  last = await server.createUser("Zoë Newcomer");
  conversation = await server.createGroup(ana, [...others, last], "Large");
});

async function mentionsOf(content) {
  const path = `/v1/conversations/${conversation.id}/messages?limit=100`;
  const { items } = await server.request("GET", path, { token: ana.token });
  return items.find((one) => one.content === content)?.mentions;
}

journey("a member beyond the first hundred is completed and mentioned", async () => {
  const page = await open(ana, `/#/messages/${conversation.id}`);
  const input = page.getByLabel("Message", { exact: true });
  // By a word of the display name that is not the first one.
  await input.pressSequentially("Welcome @NEWC");
  await page.getByRole("option", { name: "Zoë Newcomer" }).waitFor();
  await page.keyboard.press("Enter");
  assert.equal(await input.inputValue(), `Welcome @${last.username} `);
  await page.keyboard.press("Enter");
  const welcome = `Welcome @${last.username}`;
  await page.locator(".message:not(.unsent)", { hasText: welcome }).waitFor();
  assert.deepEqual(await mentionsOf(welcome), [last.id]);

  // Typed or pasted without the list.
  const pasted = `Thanks @${last.username}!`;
  const other = await open(ana, `/#/messages/${conversation.id}`);
  await other.getByLabel("Message", { exact: true }).fill(pasted);
  await other.keyboard.press("Enter");
  await other.locator(".message:not(.unsent)", { hasText: pasted }).waitFor();
  assert.deepEqual(await mentionsOf(pasted), [last.id]);
  assert.deepEqual([...page.problems, ...other.problems], []);
});
