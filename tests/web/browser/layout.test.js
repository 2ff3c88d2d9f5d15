// Every view at four sizes and at 200 % and 400 % zoom, in both themes: nothing outside of the viewport, no finding of axe.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { axeFindings } from "./axe.js";
import { launch, open, skipped } from "./chromium.js";
import { Server } from "./server.js";

const LONG_NAME =
  "Maximiliana Wolfeschlegelsteinhausenbergerdorff von und zu Hohenlohe-Langenburg-Schillingsfürst";
const SIZES = {
  phone: [360, 640],
  landscape: [740, 360],
  tablet: [820, 1180],
  desktop: [1440, 900],
  zoom200: [640, 450],
  zoom400: [320, 256],
};

const server = new Server();
let browser;
let ana;
let routes;

before(async () => {
  if (skipped) return;
  await server.start();
  browser = await launch();
  ana = await server.createUser("Ana Alvarez");
  const max = await server.createUser(LONG_NAME);
  const group = await server.createGroup(ana, [max], LONG_NAME);
  for (const sender of [ana, max, max, ana])
    await server.send(group, sender, "See https://example.org/a/rather/long/path/that/has/to/be/broken");
  const { token } = max;
  await server.request("PUT", `/v1/users/${ana.id}/follow`, { token });
  await server.request("PUT", `/v1/users/${max.id}/follow`, { token: ana.token });
  const content = `Hello @${ana.username}, see https://example.org`;
  const post = await server.request("POST", "/v1/posts", { token, body: { content } });
  await server.request("PUT", `/v1/posts/${post.id}/like`, { token: ana.token });
  const event = await server.request("POST", "/v1/events", {
    token,
    body: {
      title: "A long title of an event ".repeat(8).trim(),
      category: "OUTDOORS",
      start_datetime: new Date(Date.now() + 86_400_000).toISOString(),
      end_datetime: new Date(Date.now() + 90_000_000).toISOString(),
      capacity: 5,
    },
  });
  await server.moderate("role", ana.username, "admin");
  const reported = { kind: "post", id: post.id, reason: "x ".repeat(200).trim() };
  await server.request("POST", "/v1/reports", { token: ana.token, body: reported });
  const [report] = (await server.request("GET", "/v1/admin/reports", { token: ana.token })).items;
  const warning = { type: "warn", kind: "user", id: max.id, reason: "a reason" };
  const { id: warned } = await server.request("POST", "/v1/admin/actions", {
    token: ana.token,
    body: warning,
  });
  await server.request("POST", "/v1/appeals", { token, body: { action_id: warned, content: "no" } });
  await server.request("POST", "/v1/admin/invite-codes", { token: ana.token, body: {} });
  routes = [
    "#/",
    "#/people",
    `#/@${max.username}`,
    `#/post/${post.id}`,
    "#/events",
    "#/events/new",
    `#/event/${event.id}`,
    "#/messages",
    `#/messages/${group.id}`,
    "#/messages/new",
    "#/notifications",
    "#/settings",
    "#/actions",
    "#/moderation",
    `#/moderation/report/${report.id}`,
    "#/moderation/appeals",
    "#/moderation/people",
    "#/moderation/audit",
    "#/moderation/registrations",
  ];
});

after(async () => {
  if (skipped) return;
  await browser.close();
  await server.remove();
});

for (const name of Object.keys(SIZES)) {
  for (const colorScheme of ["light", "dark"]) layoutTest(name, colorScheme);
}
// Its words are longer.
for (const name of ["phone", "tablet", "zoom400"]) layoutTest(name, "light", "de-DE");

function layoutTest(name, colorScheme, locale = "en-US") {
  test(`${name}, ${colorScheme}, ${locale}`, { skip: skipped, timeout: 240_000 }, async () => {
    const [width, height] = SIZES[name];
    const touch = ["phone", "landscape", "tablet"].includes(name);
    const page = await open(browser, server, ana, "/#/", {
      viewport: { width, height },
      locale,
      colorScheme,
      reducedMotion: "reduce",
      hasTouch: touch,
      isMobile: touch,
    });
    for (const route of routes) {
      await page.goto(`${server.url}/${route}`);
      await page.locator('main:not([aria-busy="true"])').waitFor();
      await page.waitForLoadState("networkidle");
      assert.deepEqual(await page.evaluate(outside), [], `outside of the viewport at ${route}`);
      assert.deepEqual(await axeFindings(page), [], `axe at ${route}`);
    }
    assert.deepEqual(page.problems, []);
    await page.context().close();
  });
}

// Run in the page: visible elements that reach beyond the right edge.
function outside() {
  const clipped = ".visually-hidden, .one-line, .name, [hidden], .skip";
  return [...document.querySelectorAll("body *")]
    .filter((one) => {
      const { width, right } = one.getBoundingClientRect();
      return width > 0 && right > innerWidth + 1 && !one.closest(clipped);
    })
    .map((one) => one.outerHTML.slice(0, 100));
}
