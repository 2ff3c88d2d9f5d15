// The service worker in Chromium: the client opens without a network, and is that of the server with one.

import assert from "node:assert/strict";
import { setUp } from "./setup.js";

let ana;

const { server, open, journey } = setUp(async () => {
  ana = await server.createUser("Ana Alvarez");
});

// Waits until the service worker answers for the page and has a copy of it.
async function openWithShell() {
  const page = await open(ana, "/#/");
  await page.evaluate(() => navigator.serviceWorker.ready);
  await page.waitForFunction(async () => navigator.serviceWorker.controller && (await caches.match("/")));
  return page;
}

journey("the client opens while the server is stopped", async () => {
  const page = await openWithShell();
  await server.stop();
  await page.reload();
  await page.getByRole("navigation", { name: "Main" }).waitFor();
  await page.locator(".connection-banner p").waitFor();
  await server.start();
  await page.locator(".connection-banner p").waitFor({ state: "detached", timeout: 60_000 });
  assert.deepEqual(page.problems, []);
});

journey("an old copy is not shown while the server answers, and is replaced", async () => {
  const page = await openWithShell();
  await page.evaluate(async () => {
    const cache = await caches.open("convene-shell");
    await cache.put("/", new Response("old page", { headers: { "Content-Type": "text/html" } }));
    await cache.put("/web/bundle-00.js", new Response("old"));
  });
  await page.reload();
  await page.getByRole("navigation", { name: "Main" }).waitFor();
  await page.waitForFunction(async () => {
    const [kept, bundle] = await Promise.all(["/", "/web/bundle-00.js"].map((path) => caches.match(path)));
    return !(await kept.text()).includes("old page") && bundle === undefined;
  });
  assert.deepEqual(page.problems, []);
});

journey("the page can be installed", async () => {
  const page = await openWithShell();
  const session = await page.context().newCDPSession(page);
  const { errors, url } = await session.send("Page.getAppManifest");
  assert.match(url, /manifest\.webmanifest$/);
  assert.deepEqual(errors, []);
});

journey("a page that is older than the server's offers to reload", async () => {
  const page = await open(ana, "/#/", { serviceWorkers: "block" });
  await page.clock.install();
  await page.reload();
  await page.getByRole("navigation", { name: "Main" }).waitFor();
  await page.route(`${server.url}/`, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: (await response.text()).replace(/bundle-\w+\.js/, "bundle-newer.js") });
  });
  const hint = page.getByText("A new version is available.");
  const reconnect = async () => {
    await page.context().setOffline(true);
    await page.locator(".connection-banner p").waitFor();
    // The socket has found out too.
    await page.locator('.connection-banner:not([data-state="live"])').waitFor();
    await page.context().setOffline(false);
    await page.locator(".connection-banner p").waitFor({ state: "detached" });
  };
  await page.clock.fastForward("06:00");
  await reconnect();
  await hint.waitFor();
  await page.unroute(`${server.url}/`);
  await page.getByRole("button", { name: "Reload" }).click();
  await page.getByRole("navigation", { name: "Main" }).waitFor();
  await hint.waitFor({ state: "detached" });
  assert.deepEqual(page.problems, []);
});
