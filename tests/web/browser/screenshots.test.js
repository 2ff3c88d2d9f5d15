// The pictures of the README, with demo data: CONVENE_SCREENSHOTS=docs/images names the folder. Skipped without it.

import { after, before, test } from "node:test";
import { launch, open, skipped } from "./chromium.js";
import { Server } from "./server.js";

const FOLDER = process.env.CONVENE_SCREENSHOTS;
const PASSWORD = "convene-demo";
const SIZES = {
  desk: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true },
};
const skip = skipped || (FOLDER ? false : "CONVENE_SCREENSHOTS is not set");

const server = new Server();
let browser;
let user;

before(async () => {
  if (skip) return;
  await server.start();
  await server.run("demo", "--users", "40", "--url", server.url);
  browser = await launch();
  const login = { login: "ana", password: PASSWORD };
  const session = await server.request("POST", "/v1/sessions", { body: login });
  user = { ...session.user, token: session.token };
});

after(async () => {
  if (skip) return;
  await browser.close();
  await server.remove();
});

for (const [name, size] of Object.entries(SIZES)) {
  for (const colorScheme of ["light", "dark"]) {
    test(`${name}, ${colorScheme}`, { skip, timeout: 300_000 }, async () => {
      const page = await open(browser, server, user, "/#/messages", { ...size, colorScheme, reducedMotion: "reduce" });
      const groups = page.locator(".conversation-row");
      await groups.first().waitFor();
      await groups.nth(1).click();
      await page.locator(".bubble").first().waitFor();
      await page.waitForLoadState("networkidle");
      await page.screenshot({ path: `${FOLDER}/${name}-${colorScheme}.png` });
      await page.context().close();
    });
  }
}
