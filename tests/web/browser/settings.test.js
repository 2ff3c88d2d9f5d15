// Notification preferences and the data export in Settings, in Chromium against a real server. Run by
// `make test-browser`.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { panel } from "./chromium.js";
import { setUp } from "./setup.js";

const PREFERENCES = "/v1/users/me/notification-preferences";

const { server, open, journey } = setUp(() => null, { instances: 2 });

journey("notification preferences are saved", async () => {
  const ana = await server.createUser("Ana");
  const page = await open(ana, "/#/settings");
  const settings = panel(page, "Notifications");
  await settings.getByLabel("Likes").selectOption("nothing");
  await settings.getByLabel("New followers").selectOption("mail");
  await settings.getByLabel("Quiet from").fill("22:00");
  await settings.getByRole("button", { name: "Save" }).click();
  await settings.getByText("Enter both times of the quiet hours, or none.").waitFor();
  await settings.getByLabel("Quiet until").fill("06:30");
  await settings.getByLabel("Time zone of the quiet hours").selectOption("Europe/Berlin");
  await settings.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved").waitFor();
  const saved = await server.request("GET", PREFERENCES, { token: ana.token });
  assert.equal(saved.channels.LIKE, "nothing");
  assert.equal(saved.channels.FOLLOW, "mail");
  assert.equal(saved.channels.COMMENT, "push");
  assert.deepEqual(saved.quiet_hours, { from: "22:00", to: "06:30", timezone: "Europe/Berlin" });
  await page.reload();
  await settings.getByLabel("Quiet until").waitFor();
  assert.equal(await settings.getByLabel("Quiet until").inputValue(), "06:30");
  assert.equal(await settings.getByLabel("Likes").inputValue(), "nothing");
  assert.deepEqual(page.problems, []);
});

journey("data is exported and downloaded", async () => {
  const ana = await server.createUser("Ana");
  const page = await open(ana, "/#/settings");
  const data = panel(page, "Your data");
  await data.getByText("You can export your data once a day.").waitFor();
  await data.getByRole("button", { name: "Export my data" }).click();
  // Shown by the notification.
  const button = data.getByRole("button", { name: "Download" });
  await button.waitFor({ timeout: 60_000 });
  const [download] = await Promise.all([page.waitForEvent("download"), button.click()]);
  assert.match(download.suggestedFilename(), /^convene-.*\.zip$/);
  const archive = await readFile(await download.path());
  assert.equal(archive.subarray(0, 2).toString(), "PK");
  await data.getByText("It will be deleted on").waitFor();
  await page.goto(`${server.url}/#/notifications`);
  await page.getByText("Your data export is ready to download").click();
  await data.waitFor();
  assert.deepEqual(page.problems, []);
});
