// Events with a place, a time zone and a series, lists of the user's events and of near ones, reminders, and the link to
// the user's calendar, in Chromium against a real server. Run by `make test-browser`.

import assert from "node:assert/strict";
import { axeFindings } from "./axe.js";
import { setUp } from "./setup.js";

const HOUR = 3_600_000;

const { server, open, journey } = setUp(() => null, { instances: 2 });

async function hosted(user) {
  const { items } = await server.request("GET", "/v1/events?mine=hosting", { token: user.token });
  return items;
}

journey("a series with a place is created, and changed from one event on", async () => {
  const ana = await server.createUser("Ana");
  const page = await open(ana, "/#/events/new");
  await page.getByLabel("Title").fill("Choir");
  await page.getByLabel("Starts").fill("2045-10-17T18:30");
  await page.getByLabel("Ends").fill("2045-10-17T20:00");
  await page.getByLabel("Time zone").selectOption("Asia/Tokyo");
  await page.getByLabel("Repeats").selectOption("FREQ=WEEKLY");
  await page.getByLabel("Number of events").fill("3");
  await page.getByLabel("Place").fill("Yoyogi");
  await page.getByLabel("Coordinates").fill("somewhere");
  await page.getByLabel("Link").fill("https://example.org/choir");
  await page.getByRole("button", { name: "Create event" }).click();
  await page.getByText("Enter latitude and longitude").waitFor();
  await page.getByLabel("Coordinates").fill("35.6717, 139.6949");
  await page.getByRole("button", { name: "Create event" }).click();
  await page.getByText("Part of a series: every week, 3 times").waitFor();
  await page.getByText("(Asia/Tokyo)").waitFor();
  await page.getByText("(your time)").waitFor();
  const map = page.getByRole("link", { name: "Map" });
  assert.match(await map.getAttribute("href"), /mlat=35\.6717&mlon=139\.6949/);
  await page.getByRole("link", { name: "https://example.org/choir" }).waitFor();
  const events = await hosted(ana);
  assert.deepEqual(
    events.map((one) => one.start_datetime),
    ["2045-10-17T09:30:00.000Z", "2045-10-24T09:30:00.000Z", "2045-10-31T09:30:00.000Z"],
  );

  await page.goto(`${server.url}/#/event/${events[1].id}/edit`);
  await page.getByLabel("Change").selectOption("following");
  await page.getByLabel("Starts").fill("2045-10-24T19:00");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Part of a series: every week, 2 times").waitFor();
  assert.deepEqual(
    (await hosted(ana)).map((one) => one.start_datetime.slice(11, 16)),
    ["09:30", "10:00", "10:00"],
  );

  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByLabel("Delete", { exact: true }).selectOption("all");
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByRole("heading", { name: "Events", exact: true }).waitFor();
  assert.equal((await hosted(ana)).length, 1);
  assert.deepEqual(page.problems, []);
});

journey("the form of an event moves the end with the start, and says what it does not accept", async () => {
  const page = await open(await server.createUser("Ana"), "/#/events/new");
  const fill = (label, value) => page.getByLabel(label).fill(value);
  const refused = async (text) => {
    await page.getByRole("button", { name: "Create event" }).click();
    await page.locator(".field-error", { hasText: text }).waitFor();
  };
  await fill("Title", "Choir");
  await fill("Starts", "2045-10-17T18:30");
  assert.equal(await page.getByLabel("Ends").inputValue(), "2045-10-17T20:30");
  await fill("Ends", "2045-10-17T18:00");
  await refused("The end must be after the start.");
  await fill("Starts", "2045-10-31T23:30");
  assert.equal(await page.getByLabel("Ends").inputValue(), "2045-10-31T23:00");
  await fill("Ends", "2045-11-01T01:00");
  for (const [value, text] of [
    ["0", "Enter 1 or more."],
    ["200000", "Enter 100,000 or less."],
    ["2.5", "Enter a whole number."],
    ["", "Capacity is required."],
  ]) {
    await fill("Capacity", value);
    await refused(text);
  }
  await fill("Capacity", "2");
  for (const link of ["example.org/choir", "javascript:alert(1)"]) {
    await fill("Link", link);
    await refused("Enter the whole address, with https:// or http://.");
  }
  await fill("Link", "https://me@example.org");
  await refused("Must be a valid http or https URL.");
  await fill("Link", "");
  await fill("Place", "Yoyogi");
  await fill("Coordinates", "95, 139.7");
  await refused("Enter latitude and longitude");
  await fill("Coordinates", "35.7, 139.7");
  // A field that is not shown does not keep the form from being sent.
  await page.getByLabel("Repeats").selectOption("FREQ=WEEKLY");
  await fill("Number of events", "");
  await page.getByLabel("Repeats").selectOption("");
  await page.getByRole("button", { name: "Create event" }).click();
  await page.getByRole("heading", { name: "Choir" }).waitFor();
  assert.deepEqual(page.problems, []);
});

journey("a full event has a waitlist, whose first person gets the place that is freed", async () => {
  const [ana, ben, cai] = [
    await server.createUser("Ana"),
    await server.createUser("Ben"),
    await server.createUser("Cai"),
  ];
  const event = await server.createEvent(ana, { capacity: 1 });
  const [guest, next] = [
    await open(ben, `/#/event/${event.id}`),
    await open(cai, `/#/event/${event.id}`),
  ];
  const going = (page) => page.locator(".rsvp-controls").getByRole("button", { name: "Going", exact: true });
  await going(guest).click();
  await guest.getByText("1 of 1 going · full").waitFor();
  await guest.getByRole("button", { name: "Guests and reminders" }).click();
  await guest.getByLabel("Guests you bring").fill("1");
  await guest.getByRole("button", { name: "Save" }).click();
  await guest.getByText("There are not enough free spots for these guests.").waitFor();
  await guest.keyboard.press("Escape");
  await going(next).click();
  await next.getByText("This event is full.").waitFor();
  await next.getByRole("button", { name: "Join waitlist" }).click();
  await next.getByText("You are number 1 on the waitlist.").waitFor();
  await next.getByRole("button", { name: "Leave waitlist" }).waitFor();
  assert.equal(await going(next).getAttribute("aria-pressed"), "false");

  await guest.getByRole("button", { name: "Remove my response" }).click();
  await next.locator('.rsvp-controls button[aria-pressed="true"]', { hasText: "Going" }).waitFor();
  assert.equal(await next.getByText("on the waitlist").count(), 0);
  await next.goto(`${server.url}/#/notifications`);
  await next.getByText("You're off the waitlist for Boules").waitFor();

  await server.request("DELETE", `/v1/events/${event.id}/rsvps/${cai.id}`, { token: ana.token });
  await next.goto(`${server.url}/#/event/${event.id}`);
  await next.getByText("0 of 1 going").waitFor();
  await going(next).click();
  await next.getByText("A host has removed you from this event.").waitFor();
  assert.deepEqual([...guest.problems, ...next.problems], []);
});

journey("own events are listed by what they are to the user", async () => {
  const ana = await server.createUser("Ana");
  const ben = await server.createUser("Ben");
  const going = await server.createEvent(ana, { title: "Going there" });
  const invited = await server.createEvent(ana, { title: "Invited to it", visibility: "invited" });
  await server.createEvent(ben, { title: "My own" });
  const body = { user_ids: [ben.id] };
  await server.request("POST", `/v1/events/${invited.id}/invites`, { token: ana.token, body });
  const rsvp = { token: ben.token, body: { status: "GOING" } };
  await server.request("PUT", `/v1/events/${going.id}/rsvp`, rsvp);
  const page = await open(ben, "/#/events");
  const cards = page.locator(".event-card");
  for (const [tab, title] of [
    ["Hosting", "My own"],
    ["Going", "Going there"],
    ["Invited", "Invited to it"],
  ]) {
    await page.getByRole("button", { name: tab, exact: true }).click();
    await cards.filter({ hasText: title }).waitFor();
    assert.equal(await cards.count(), 1);
  }
  await page.getByText("Invited only").waitFor();
  const stranger = await open(await server.createUser("Cai"), `/#/event/${invited.id}`);
  await stranger.getByText("This event was deleted, or it doesn't exist.").waitFor();
  assert.deepEqual([...page.problems, ...stranger.problems], []);
});

journey("events near the user are found", async () => {
  const ana = await server.createUser("Ana");
  const place = (latitude, longitude) => ({ name: "Hall", latitude, longitude });
  await server.createEvent(ana, { title: "Around the corner", place: place(-17.71, 178.06) });
  await server.createEvent(ana, { title: "On another island", place: place(-16.5, 179.4) });
  // On the other side of the 180th meridian.
  await server.createEvent(ana, { title: "Beyond the line", place: place(-17.7, -179.95) });
  const located = {
    geolocation: { latitude: -17.7134, longitude: 178.065 },
    permissions: ["geolocation"],
  };
  const page = await open(ana, "/#/events", located);
  const cards = page.locator(".event-card");
  const titles = ["Around the corner", "On another island", "Beyond the line"];
  for (const title of titles) await cards.filter({ hasText: title }).waitFor();
  await page.getByLabel("Near me").selectOption("5");
  await cards.filter({ hasText: titles[1] }).waitFor({ state: "detached" });
  await cards.filter({ hasText: titles[0] }).waitFor();
  assert.equal(await cards.filter({ hasText: titles[2] }).count(), 0);
  const far = { ...located, geolocation: { latitude: -17.7, longitude: 179.6 } };
  const other = await open(ana, "/#/events", far);
  await other.getByLabel("Near me").selectOption("100");
  await other.locator(".event-card", { hasText: titles[0] }).waitFor({ state: "detached" });
  await other.locator(".event-card", { hasText: titles[2] }).waitFor();
  const unknown = await open(ana, "/#/events", { permissions: [] });
  await unknown.getByLabel("Near me").selectOption("25");
  await unknown.getByText("Your location is not available").waitFor();
  assert.deepEqual([...page.problems, ...other.problems, ...unknown.problems], []);
});

journey("a user who goes is reminded once", async () => {
  const [ana, ben] = [await server.createUser("Ana"), await server.createUser("Ben")];
  // Due some time after the answer, also on a slow machine.
  const start = Date.now() + HOUR + 20_000;
  const event = await server.createEvent(ana, {
    start_datetime: new Date(start).toISOString(),
    end_datetime: new Date(start + HOUR).toISOString(),
  });
  const page = await open(ben, `/#/event/${event.id}`);
  const body = { status: "GOING" };
  await server.request("PUT", `/v1/events/${event.id}/rsvp`, { token: ben.token, body });
  await page.goto(`${server.url}/#/notifications`);
  const reminder = page.getByText("Boules starts in 1 hour");
  await reminder.waitFor({ timeout: 90_000 });
  assert.equal(await reminder.count(), 1);
  await reminder.click();
  await page.getByRole("heading", { name: "Boules" }).waitFor();
  assert.deepEqual(page.problems, []);
});

journey("an event is downloaded for a calendar, and a link to the calendar is created and ended", async () => {
  const ana = await server.createUser("Ana");
  const event = await server.createEvent(ana);
  const page = await open(ana, `/#/event/${event.id}`);
  await page.getByRole("button", { name: "Add to calendar" }).click();
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download file" }).click();
  assert.equal((await download).suggestedFilename(), "Boules.ics");
  await page.getByRole("button", { name: "Create link" }).click();
  const link = await page.getByLabel("Secret link").inputValue();
  assert.match(link, /^webcal:\/\/.+\/v1\/calendars\/[\w-]{43}\.ics$/);
  const path = link.slice(link.indexOf("/v1/"));
  assert.equal((await fetch(server.url + path)).status, 200);
  await page.getByRole("button", { name: "End link" }).click();
  await page.getByText("The link has ended").waitFor();
  assert.equal((await fetch(server.url + path)).status, 404);
  assert.deepEqual(page.problems, []);
});

journey("an event shows the faces of users who go, also of the user after the answer", async () => {
  const [ana, ben] = [await server.createUser("Ana Host"), await server.createUser("Ben Brown")];
  const event = await server.createEvent(ana);
  const body = { status: "GOING" };
  await server.request("PUT", `/v1/events/${event.id}/rsvp`, { token: ben.token, body });
  const page = await open(ana, `/#/event/${event.id}`);
  const faces = page.getByRole("list", { name: "Going" });
  await faces.getByRole("link", { name: "Ben Brown" }).waitFor();
  await page.locator(".rsvp-controls").getByRole("button", { name: "Going" }).click();
  await faces.getByRole("link", { name: "Ana Host" }).waitFor();
  await page.getByRole("button", { name: "See who goes" }).click();
  await page.getByRole("heading", { name: "Attendees" }).waitFor();
  await faces.getByRole("link", { name: "Ben Brown" }).click();
  await page.getByRole("heading", { name: "Ben Brown" }).waitFor();
  assert.deepEqual(page.problems, []);
});

journey("a calendar of the month is used with the keyboard, and past events have a list", async () => {
  const ana = await server.createUser("Ana");
  const now = new Date();
  const host = (title, days) => {
    const noon = new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, 12).getTime();
    const times = { start_datetime: new Date(noon), end_datetime: new Date(noon + HOUR) };
    return server.createEvent(ana, { title, ...times });
  };
  await host("Yesterday's walk", -1);
  await host("Long ago", -330);
  await host("Tomorrow's talk", 1);
  await host("Two days ago", -2);
  const page = await open(ana, "/#/events");
  await page.getByRole("button", { name: "Hosting" }).click();
  await page.getByRole("button", { name: "Month", exact: true }).click();
  const day = (days) => {
    const date = new Date(now.getFullYear(), now.getMonth(), now.getDate() + days);
    return date.toLocaleDateString("en-US", { weekday: "long", month: "long", day: "numeric" });
  };
  await page.getByRole("button", { name: day(0), exact: true }).focus();
  await page.keyboard.press("ArrowRight");
  await page.locator(".event-card", { hasText: "Tomorrow's talk" }).waitFor();
  await page.getByRole("button", { name: `${day(1)}, 1 event` }).waitFor();
  assert.deepEqual(await axeFindings(page), []);
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowLeft");
  await page.locator(".event-card", { hasText: "Yesterday's walk" }).waitFor();
  await page.keyboard.press("PageUp");
  await page.getByText("No events on this day").waitFor();
  await page.getByRole("button", { name: "Today" }).click();
  await page.getByRole("gridcell", { selected: true }).getByRole("button", { name: day(0) }).waitFor();

  await page.getByRole("button", { name: "Past" }).click();
  const titles = page.locator(".event-card h2");
  await page.locator(".event-card", { hasText: "Long ago" }).waitFor();
  assert.deepEqual(await titles.allTextContents(), ["Yesterday's walk", "Two days ago", "Long ago"]);
  assert.equal(await page.locator(".event-card").getByText("Ended", { exact: true }).count(), 3);
  await page.getByRole("link", { name: "Yesterday's walk" }).click();
  await page.getByText("This event has ended").waitFor();
  await page.getByRole("button", { name: "Delete" }).waitFor();
  for (const name of ["Cancel event", "Invite people", "Add to calendar"])
    assert.equal(await page.getByRole("button", { name }).count(), 0, name);
  assert.deepEqual(page.problems, []);
});

journey("an answer to an event keeps the focus, and a refusal stays while the event changes", async () => {
  const [ana, ben, cai] = [
    await server.createUser("Ana"),
    await server.createUser("Ben"),
    await server.createUser("Cai"),
  ];
  const event = await server.createEvent(ana, { capacity: 1 });
  const answer = (user, status) =>
    server.request("PUT", `/v1/events/${event.id}/rsvp`, { token: user.token, body: { status } });
  await answer(ben, "GOING");
  const page = await open(cai, `/#/event/${event.id}`);
  const controls = page.locator(".rsvp-controls");
  await controls.getByRole("button", { name: "Interested" }).press("Enter");
  await controls.locator('button[aria-pressed="true"]:focus', { hasText: "Interested" }).waitFor();
  await controls.getByRole("button", { name: "Going", exact: true }).press("Enter");
  await controls.getByText("This event is full.").waitFor();
  const change = { token: ana.token, body: { title: "Night walk" } };
  await server.request("PATCH", `/v1/events/${event.id}`, change);
  await page.getByRole("heading", { name: "Night walk" }).waitFor();
  await controls.getByRole("button", { name: "Join waitlist" }).waitFor();
  assert.deepEqual(page.problems, []);
});
