// Sessions, the email address and the end of an account, in Chromium against a real server. Run by `make test-browser`.

import assert from "node:assert/strict";
import { panel } from "./chromium.js";
import { until } from "./server.js";
import { setUp } from "./setup.js";

const { server, open, journey } = setUp();

journey("a revoked session leads to the login, and from there back", async () => {
  const cara = await server.createUser("Cara");
  const page = await open(null, "/#/events");
  const logIn = async () => {
    await page.getByLabel("Email or username").fill(cara.username);
    await page.getByLabel("Password").fill("correct horse");
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByRole("heading", { name: "Events", exact: true }).waitFor();
  };
  await logIn();
  const { items } = await server.request("GET", "/v1/sessions", { token: cara.token });
  for (const one of items.filter((session) => !session.current))
    await server.request("DELETE", `/v1/sessions/${one.id}`, { token: cara.token });
  await page.getByText("You were logged out").waitFor();
  await logIn();
  assert.deepEqual(page.problems, []);
});

journey("a newcomer reads what Convene is, registers, and learns of the email", async () => {
  const page = await open(null, "/#/");
  await page.getByText("Follow people, find events").waitFor();
  await page.getByRole("link", { name: "New here? Create an account" }).click();
  await page.getByText("Follow people, find events").waitFor();
  await page.getByLabel("Email").fill("nia@example.org");
  await page.getByLabel("Username").fill("nia");
  await page.getByLabel("Password", { exact: true }).fill("correct horse");
  await page.getByRole("button", { name: "Create account" }).click();
  await page.getByRole("heading", { name: "Home", exact: true }).waitFor();
  await page.getByText("We sent an email to nia@example.org").waitFor();

  const other = await open(null, "/#/forgot");
  await other.getByLabel("Email").fill(" nia@example.org ");
  await other.getByRole("button", { name: "Send link" }).click();
  await other.getByText("If there is an account with nia@example.org,").waitFor();
  assert.deepEqual([...page.problems, ...other.problems], []);
});

journey("the same message again replaces the one on screen", async () => {
  const page = await open(await server.createUser("Eli"), "/#/settings");
  const save = panel(page, "Profile").getByRole("button", { name: "Save" });
  const saved = page.locator("#toasts .toast", { hasText: "Saved" });
  await save.click();
  await saved.waitFor();
  const first = await saved.elementHandle();
  await save.click();
  await first.waitForElementState("hidden");
  await saved.waitFor();
  assert.equal(await saved.count(), 1);
});

journey("changing the email address and deleting the account need the password", async () => {
  const dora = await server.createUser("Dora");
  const page = await open(dora, "/#/settings");
  const profile = page.locator("section.panel", { hasText: "Profile" }).first();
  await profile.getByLabel("Email").fill("dora@elsewhere.example");
  const save = profile.getByRole("button", { name: "Save" });
  await save.click();
  await profile.getByText("Enter your current password.").waitFor();
  const password = profile.locator("input[name=current_password]");
  await password.fill("a wrong one");
  await save.click();
  await profile.getByText("The current password is wrong.").waitFor();
  await password.fill("correct horse");
  await save.click();
  await until(async () => (await password.inputValue()) === "", "the password stayed in the form");
  const { email } = await server.request("GET", "/v1/users/me", { token: dora.token });
  assert.equal(email, "dora@elsewhere.example");

  await page.getByRole("button", { name: "Delete account" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.locator("input[name=current_password]").fill("a wrong one");
  await dialog.getByRole("button", { name: "Delete account" }).click();
  await dialog.getByText("The current password is wrong.").waitFor();
  await dialog.locator("input[name=current_password]").fill("correct horse");
  await dialog.getByRole("button", { name: "Delete account" }).click();
  await page.getByText("Your account was deleted.").waitFor();
  // The refused tries are in the console of the browser.
  assert.ok(page.problems.every((problem) => /40[13]/.test(problem)), page.problems.join("\n"));
});
