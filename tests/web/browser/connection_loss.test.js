// Messages while the server or the network is away, in Chromium against a real server. Run by `make test-browser`.

import assert from "node:assert/strict";
import { texts } from "./chromium.js";
import { sleep, until } from "./server.js";
import { setUp } from "./setup.js";

let ana;
let ben;

const { server, open, journey } = setUp(async () => {
  ana = await server.createUser("Ana Alvarez");
  ben = await server.createUser("Ben Brown");
});

// A group of both, with messages of Ben.
const group = (count, name) => server.createGroupWithMessages(ana, ben, count, name);

journey("no message is lost when the server restarts and its answers are late", async () => {
  const conversation = await group(10, "Restart");
  await server.markRead(conversation, ana, 10);
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
