// The pictures of the documentation, with demo data: CONVENE_SCREENSHOTS=docs/images names the folder. Skipped without it.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { skipped } from "./chromium.js";
import { setUp } from "./setup.js";

const FOLDER = process.env.CONVENE_SCREENSHOTS;
const PASSWORD = "convene-demo";
const MAX_BYTES = 150_000;
const QUALITY = 80;
const SIZES = {
  desk: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true },
};
const skip = skipped || (FOLDER ? false : "CONVENE_SCREENSHOTS is not set");

let user;
// What to open, and what shows that it is there.
let views;

async function prepare() {
  await server.run("demo", "--users", "40", "--url", server.url);
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
}

const { server, open, journey } = setUp(prepare, { skip });

for (const [size, options] of Object.entries(SIZES)) {
  for (const colorScheme of ["light", "dark"]) {
    journey(`${size}, ${colorScheme}`, async () => {
      const page = await open(user, "/#/", { ...options, colorScheme, reducedMotion: "reduce" });
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
