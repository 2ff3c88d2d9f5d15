// Every view at four sizes and at 200 % and 400 % zoom: nothing outside of the viewport. On phones, tablets and desks, in
// both themes: no finding of axe.

import assert from "node:assert/strict";
import { axeFindings } from "./axe.js";
import { setUp } from "./setup.js";

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

let ana;
let routes;

const { server, open, journey } = setUp(async () => {
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

// axe takes most of the time, and finds the same at other sizes. Themes have the same layout.
for (const name of ["phone", "desktop"])
  for (const colorScheme of ["light", "dark"]) layoutTest(name, { colorScheme, withAxe: true });
layoutTest("tablet", { withAxe: true });
for (const name of ["landscape", "zoom200", "zoom400"]) layoutTest(name);
// Its words are longer.
for (const name of ["phone", "tablet", "zoom400"]) layoutTest(name, { locale: "de-DE" });

function layoutTest(name, { colorScheme = "light", locale = "en-US", withAxe = false } = {}) {
  journey(`${name}, ${colorScheme}, ${locale}`, async () => {
    const [width, height] = SIZES[name];
    const touch = ["phone", "landscape", "tablet"].includes(name);
    const page = await open(ana, "/#/", {
      viewport: { width, height },
      locale,
      colorScheme,
      reducedMotion: "reduce",
      hasTouch: touch,
      isMobile: touch,
    });
    for (const route of routes) {
      await page.evaluate(goTo, route);
      await page.waitForFunction(isLoaded);
      assert.deepEqual(await page.evaluate(outside), [], `outside of the viewport at ${route}`);
      if (withAxe) assert.deepEqual(await axeFindings(page), [], `axe at ${route}`);
    }
    assert.deepEqual(page.problems, []);
    await page.context().close();
  });
}

journey("a small phone has the actions of a post, and the answers to a request, on one line each", async () => {
  const eve = await server.createUser("Eve Requests");
  await server.request("PATCH", "/v1/users/me", { token: eve.token, body: { private: true } });
  const asking = await server.createUser("Alexandra Papadopoulou");
  await server.request("PUT", `/v1/users/${eve.id}/follow`, { token: asking.token });
  const post = await server.request("POST", "/v1/posts", { token: eve.token, body: { content: "x" } });
  const page = await open(eve, "/#/people", { viewport: { width: 375, height: 667 }, isMobile: true });
  const buttons = page.locator(".user-row").filter({ hasText: "Decline" }).locator("button");
  await buttons.last().waitFor();
  assert.equal(await buttons.count(), 2);
  assert.equal(new Set(await buttons.evaluateAll(tops)).size, 1);

  await page.route(`**/v1/posts/${post.id}`, async (route) => {
    const response = await route.fetch();
    const counts = { like_count: 128, comment_count: 34, repost_count: 56 };
    await route.fulfill({ response, json: { ...(await response.json()), ...counts } });
  });
  await page.goto(`${server.url}/#/post/${post.id}`);
  await page.getByText("128").waitFor();
  const actions = page.locator(".post > .grow > .actions > button");
  assert.equal(await actions.count(), 5);
  assert.equal(new Set(await actions.evaluateAll(tops)).size, 1);
  assert.deepEqual(page.problems, []);
});

journey("a tablet names the pages beside their icons", async () => {
  const [width, height] = SIZES.tablet;
  const page = await open(ana, "/#/", { viewport: { width, height }, hasTouch: true, isMobile: true });
  for (const name of ["Home", "People", "Events", "Chats", "Alerts", "You", "Settings"]) {
    const shown = await page.locator(".nav").getByText(name, { exact: true }).last().boundingBox();
    assert.ok(shown.width > 10 && shown.height > 10, `${name}: ${JSON.stringify(shown)}`);
  }
});

// Run in the page: the distances of elements from the top.
function tops(elements) {
  return elements.map((one) => Math.round(one.getBoundingClientRect().top));
}

// Run in the page: opens a view, and returns once the router has begun to.
function goTo(route) {
  if (location.hash === route) return null;
  return new Promise((resolve) => {
    addEventListener("hashchange", () => setTimeout(resolve), { once: true });
    location.hash = route;
  });
}

// Run in the page: whether no placeholder is shown any more.
function isLoaded() {
  const waiting = document.querySelectorAll('main[aria-busy="true"], .skeleton, .loading');
  return [...waiting].every((one) => !one.checkVisibility());
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
