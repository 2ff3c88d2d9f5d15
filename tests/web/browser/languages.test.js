// The language of the client in Chromium, and pages that are loaded on demand.

import assert from "node:assert/strict";
import { setUp } from "./setup.js";

let ana;

const { server, open, journey } = setUp(async () => {
  ana = await server.createUser("Ana Alvarez");
});

journey("the language is that of the browser, until another one is chosen", async () => {
  const ben = await server.createUser("Ben");
  await server.request("PUT", `/v1/users/${ana.id}/follow`, { token: ben.token });
  const page = await open(ana, "/#/", { locale: "de-AT", serviceWorkers: "block" });
  const texts = [];
  page.on("request", (request) => request.url().endsWith(".json") && texts.push(request.url()));
  await page.reload();
  await page.getByRole("heading", { name: "Start", exact: true }).waitFor();
  assert.equal(await page.locator("html").getAttribute("lang"), "de");
  assert.equal(new Set(texts).size, 1, "the texts of one language are loaded");
  await page.goto(`${server.url}/#/notifications`);
  await page.getByText("Ben folgt dir jetzt").waitFor();

  await page.goto(`${server.url}/#/settings`);
  await page.getByLabel("Sprache").selectOption("English");
  await page.getByRole("heading", { name: "Settings", exact: true }).waitFor();
  assert.equal(await page.locator("html").getAttribute("lang"), "en");
  await page.reload();
  await page.getByLabel("Language").selectOption("As in the browser");
  await page.getByRole("heading", { name: "Einstellungen", exact: true }).waitFor();
  assert.deepEqual(page.problems, []);
});

journey("an error of the server is in the language of the client", async () => {
  const page = await open(null, "/#/login", { locale: "de" });
  await page.getByLabel("E-Mail-Adresse oder Nutzername").fill("nobody");
  await page.getByLabel("Passwort", { exact: true }).fill("wrong password");
  await page.getByRole("button", { name: "Anmelden" }).click();
  await page.getByText("Die Anmeldedaten stimmen nicht.").waitFor();
  assert.deepEqual(page.problems, []);
});

journey("a page that can't be loaded says so, and is there after a reload", async () => {
  const page = await open(ana, "/#/", { serviceWorkers: "block" });
  await page.getByRole("heading", { name: "Home", exact: true }).waitFor();
  await page.route("**/web/bundle-*.js", (route) => route.abort());
  await page.goto(`${server.url}/#/events`);
  await page.getByRole("heading", { name: "This page can't be loaded" }).waitFor();
  await page.goBack();
  await page.getByRole("heading", { name: "Home", exact: true }).waitFor();
  await page.goForward();
  await page.getByRole("heading", { name: "This page can't be loaded" }).waitFor();
  await page.unroute("**/web/bundle-*.js");
  await page.getByRole("button", { name: "Reload" }).click();
  await page.getByRole("heading", { name: "Events", exact: true }).waitFor();
});

journey("a page that is left while it is loaded is not shown", async () => {
  const page = await open(ana, "/#/", { serviceWorkers: "block" });
  await page.getByRole("heading", { name: "Home", exact: true }).waitFor();
  let release;
  const released = new Promise((resolve) => (release = resolve));
  await page.route("**/web/bundle-*.js", async (route) => {
    await released;
    await route.continue();
  });
  await page.goto(`${server.url}/#/events`);
  await page.locator('main[aria-busy="true"]').waitFor();
  await page.goto(`${server.url}/#/`);
  await page.getByRole("heading", { name: "Home", exact: true }).waitFor();
  release();
  await page.waitForLoadState("networkidle");
  assert.equal(await page.getByRole("heading", { name: "Events", exact: true }).count(), 0);
  assert.equal(await page.locator("main").getAttribute("aria-busy"), "false");
  assert.deepEqual(page.problems, []);
});

journey("the shortcuts fit on a small screen", async () => {
  const page = await open(ana, "/#/", { locale: "de", viewport: { width: 360, height: 640 } });
  await page.getByRole("heading", { name: "Start", exact: true }).waitFor();
  await page.keyboard.press("Control+/");
  const dialog = page.getByRole("dialog", { name: "Tastenkürzel" });
  await dialog.waitFor();
  const cut = await dialog.locator("dt, dd").evaluateAll((all) => all.filter((one) => one.scrollWidth > one.clientWidth));
  assert.equal(cut.length, 0);
});
