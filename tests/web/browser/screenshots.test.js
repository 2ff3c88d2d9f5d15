// The pictures of the documentation, with demo data: CONVENE_SCREENSHOTS=docs/images names the folder. Skipped without it.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { launch, open, skipped } from "./chromium.js";
import { Server } from "./server.js";

const FOLDER = process.env.CONVENE_SCREENSHOTS;
const PASSWORD = "convene-demo";
const MAX_BYTES = 150_000;
const QUALITY = 80;
const SIZES = {
  desk: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true },
};
const skip = skipped || (FOLDER ? false : "CONVENE_SCREENSHOTS is not set");

const server = new Server();
let browser;
let user;
// What to open, and what shows that it is there.
let views;

before(async () => {
  if (skip) return;
  await server.start();
  await server.run("demo", "--users", "40", "--url", server.url);
  browser = await launch();
  const login = { login: "ana", password: PASSWORD };
  const session = await server.request("POST", "/v1/sessions", { body: login });
  user = { ...session.user, token: session.token };
  const { token } = user;
  const conversations = await server.request("GET", "/v1/conversations?limit=100", { token });
  const group = conversations.items.find((one) => one.name === "Lock house runners");
  const events = await server.request("GET", "/v1/events?limit=100", { token });
  const [event] = events.items.sort((one, other) => other.going_count - one.going_count);
  views = {
    home: ["/#/", ".post"],
    conversation: [`/#/messages/${group.id}`, ".bubble"],
    event: [`/#/event/${event.id}`, ".faces"],
    calendar: ["/#/events", ".month-event", openNextMonth],
  };
});

after(async () => {
  if (skip) return;
  await browser.close();
  await server.remove();
});

for (const [size, options] of Object.entries(SIZES)) {
  for (const colorScheme of ["light", "dark"]) {
    test(`${size}, ${colorScheme}`, { skip, timeout: 300_000 }, async () => {
      const page = await open(browser, server, user, "/#/", { ...options, colorScheme, reducedMotion: "reduce" });
      for (const [name, [address, shown, act]] of Object.entries(views)) {
        await page.goto(server.url + address);
        await act?.(page);
        await page.locator(shown).first().waitFor({ state: "attached" });
        await page.waitForLoadState("networkidle");
        await keep(page, `web-${name}-${size}-${colorScheme}.webp`);
      }
      await page.context().close();
    });
  }
}

async function openNextMonth(page) {
  await page.getByRole("button", { name: "Month", exact: true }).click();
  await page.getByRole("button", { name: "Next month" }).click();
}

async function keep(page, name) {
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send("Page.captureScreenshot", { format: "webp", quality: QUALITY });
  await session.detach();
  const picture = Buffer.from(data, "base64");
  assert.ok(picture.length < MAX_BYTES, `${name} has ${picture.length} bytes`);
  await writeFile(`${FOLDER}/${name}`, picture);
}
