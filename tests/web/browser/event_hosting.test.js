// Hosting an event: requests, co-hosts, guests, check-in, announcements and cancellation, in Chromium against a
// real server. Run by `make test-browser`.

import assert from "node:assert/strict";
import { setUp } from "./setup.js";

const { server, open, journey } = setUp(() => null, { instances: 2 });

journey("a host accepts a request, and checks the guest in", async () => {
  const ana = await server.createUser("Ana");
  const ben = await server.createUser("Ben");
  const cai = await server.createUser("Cai");
  const event = await server.createEvent(ana, { approval: true });
  const going = { token: cai.token, body: { status: "GOING" } };
  await server.request("PUT", `/v1/events/${event.id}/rsvp`, going);
  const guest = await open(ben, `/#/event/${event.id}`);
  await guest.getByText("Hosts approve requests").waitFor();
  await guest.locator(".rsvp-controls").getByRole("button", { name: "Going" }).click();
  await guest.getByText("You asked to go. A host decides.").waitFor();
  await guest.getByRole("button", { name: "Guests and reminders" }).click();
  const details = guest.getByRole("dialog");
  await details.getByLabel("Guests you bring").fill("2");
  await details.getByLabel("15 minutes before").check();
  await details.getByRole("button", { name: "Save" }).click();
  await guest.getByRole("button", { name: "2 guests, and reminders" }).waitFor();

  const host = await open(ana, `/#/event/${event.id}`);
  const request = host.locator(".user-row", { hasText: "Ben" });
  await request.getByText("+2 guests").waitFor();
  const { width, height } = host.viewportSize();
  await host.setViewportSize({ width: 390, height });
  const topOf = async (name) => (await host.getByRole("button", { name }).boundingBox()).y;
  for (const name of ["Ben", "Cai"]) assert.equal(await topOf(`Accept ${name}`), await topOf(`Decline ${name}`));
  await host.setViewportSize({ width, height });
  await host.getByRole("button", { name: "Decline Cai" }).click();
  await request.getByRole("button", { name: "Accept Ben" }).click();
  await host.getByText("No requests").waitFor();
  await host.getByText("3 of 5 going").waitFor();

  await guest.getByRole("button", { name: "Check-in code" }).click();
  const code = guest.getByRole("dialog");
  await code.locator(".qr-code svg path").waitFor();
  const text = await code.locator(".code-text").innerText();
  await host.goto(`${server.url}/#/event/${event.id}/check-in/${ben.id}/${text}`);
  await host.getByText(/^Checked in at .*, with 2 guests\.$/).waitFor();
  await host.goto(`${server.url}/#/event/${event.id}/check-in/${ben.id}/wrong`);
  await host.getByText("This is not the user's code for the event.").waitFor();
  await host.goto(`${server.url}/#/event/${event.id}`);
  await host.getByText("+2 guests · Checked in").waitFor();

  const own = await server.request("GET", `/v1/events/${event.id}/rsvp`, { token: ben.token });
  assert.deepEqual([own.guests, own.reminders.includes(15)], [2, true]);
  assert.deepEqual([...guest.problems, ...host.problems], []);
});

journey("only hosts invite to an event for invited users, and a page shows responses and the cancellation", async () => {
  const ana = await server.createUser("Ana");
  const ben = await server.createUser("Ben");
  const series = { visibility: "invited", timezone: "Europe/Paris", rrule: "FREQ=WEEKLY", count: 2 };
  const event = await server.createEvent(ana, series);
  const publicEvent = await server.createEvent(ana);
  const host = await open(ana, `/#/event/${event.id}`);
  await host.getByRole("button", { name: "Invite people" }).click();
  const invite = host.getByRole("dialog").getByRole("button", { name: "Invite", exact: true });
  assert.equal(await invite.isDisabled(), true);
  await host.getByRole("searchbox").fill(ben.username);
  await host.getByRole("dialog").getByText(`@${ben.username}`).click();
  // A click beside the dialog keeps what was entered.
  await host.mouse.click(2, 2);
  await invite.click();
  await host.getByText("Invitation sent").waitFor();

  const guest = await open(ben, `/#/event/${event.id}`);
  await guest.locator(".rsvp-controls").getByRole("button", { name: "Going" }).click();
  await guest.getByText("1 of 5 going").waitFor();
  assert.equal(await guest.getByRole("button", { name: "Invite people" }).count(), 0);
  await host.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await host.locator(".user-row", { hasText: "Ben" }).waitFor();
  await host.getByText("1 of 5 going").waitFor();
  await host.getByRole("button", { name: "Cancel event" }).click();
  await host.getByText("Only this event is cancelled").waitFor();

  await guest.goto(`${server.url}/#/event/${publicEvent.id}`);
  await guest.locator(".rsvp-controls").getByRole("button", { name: "Interested" }).click();
  await guest.getByRole("button", { name: "Invite people" }).waitFor();
  const cancellation = { token: ana.token, body: { reason: "Rain" } };
  await server.request("POST", `/v1/events/${publicEvent.id}/cancellation`, cancellation);
  await guest.getByText("This event was cancelled: Rain").waitFor();
  await guest.getByRole("button", { name: "Invite people" }).waitFor({ state: "hidden" });
  assert.deepEqual([...host.problems, ...guest.problems], []);
});

journey("a co-host announces and cancels an event", async () => {
  const ana = await server.createUser("Ana");
  const ben = await server.createUser("Ben Brown");
  const cai = await server.createUser("Cai");
  const event = await server.createEvent(ana);
  for (const user of [ben, cai]) {
    const body = { status: "GOING" };
    await server.request("PUT", `/v1/events/${event.id}/rsvp`, { token: user.token, body });
  }
  const creator = await open(ana, `/#/event/${event.id}`);
  await creator.getByRole("button", { name: "Co-hosts" }).click();
  const hosts = creator.getByRole("dialog");
  await hosts.getByText("No co-hosts yet").waitFor();
  await hosts.getByRole("searchbox").fill("ben brown");
  await hosts.getByText("Ben Brown").click();
  await hosts.getByRole("button", { name: "Add" }).click();
  await creator.locator("p", { hasText: "Hosted by" }).getByText("Ben Brown").waitFor();

  const cohost = await open(ben, `/#/event/${event.id}`);
  assert.equal(await cohost.getByRole("button", { name: "Delete" }).count(), 0);
  await cohost.getByRole("button", { name: "Announce" }).click();
  await cohost.getByRole("dialog").getByLabel("Announcement").fill("Bring cups");
  await cohost.keyboard.press("Escape");
  await cohost.getByRole("button", { name: "Announce" }).click();
  await cohost.getByRole("dialog").getByRole("button", { name: "Announce" }).click();
  await cohost.getByText("Announced").waitFor();
  const download = cohost.waitForEvent("download");
  await cohost.getByRole("button", { name: "Attendance list" }).click();
  assert.equal((await download).suggestedFilename(), "Boules.csv");

  const guest = await open(cai, "/#/notifications");
  await guest.getByText("Ben Brown about Boules: Bring cups").waitFor();
  await cohost.getByRole("button", { name: "Cancel event" }).click();
  await cohost.getByRole("dialog").getByLabel("Reason").fill("Rain");
  await cohost.getByRole("dialog").getByRole("button", { name: "Cancel event" }).click();
  await cohost.getByText("This event was cancelled: Rain").waitFor();
  assert.equal(await cohost.locator(".rsvp-controls").getByRole("button", { name: "Going" }).count(), 0);
  await guest.getByText("Boules was cancelled: Rain").click();
  await guest.getByText("This event was cancelled: Rain").waitFor();
  await guest.goto(`${server.url}/#/events`);
  await guest.locator(".event-card", { hasText: "Boules" }).getByText("Cancelled").first().waitFor();
  assert.deepEqual([...creator.problems, ...cohost.problems, ...guest.problems], []);
});
