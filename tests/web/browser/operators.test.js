// The pages of operators, `/ops`: log in, read, search and explain, with and without JavaScript.

import assert from "node:assert/strict";
import { axeFindings } from "./axe.js";
import { setUp } from "./setup.js";

const TOKEN = "a-token-of-operators";
const WAIT_MS = 30_000;

const environment = { CONVENE_MANAGEMENT_PORT: "0", CONVENE_OPS_TOKEN: TOKEN };
const { server, open, journey } = setUp(() => null, { environment });

const addressOf = (path) => server.managementUrl() + path;

async function logIn(options = {}) {
  const page = await open(null, addressOf("/ops"), options);
  await page.getByLabel("Token").fill(TOKEN);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("heading", { name: "Instances" }).waitFor({ timeout: WAIT_MS });
  return page;
}

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? "with" : "without";
  journey(`an operator reads every page ${how} JavaScript`, async () => {
    const [ana, ben] = [await server.createUser("Ana"), await server.createUser("Ben")];
    const group = await server.createGroup(ben, [ana]);
    const sent = await server.send(group, ben, "a secret text");
    const page = await logIn({ javaScriptEnabled });
    assert.ok(await page.locator("figure").count());
    assert.match(page.url(), /\/ops$/);

    await page.getByRole("link", { name: "Actors" }).click();
    await page.getByLabel(/Part of the id/).fill(group.id.slice(0, 10));
    await page.getByRole("button", { name: "Search" }).click();
    await page.getByRole("link", { name: group.id }).click();
    await page.getByRole("cell", { name: "stored", exact: true }).first().waitFor({ timeout: WAIT_MS });

    await page.getByRole("link", { name: "Explain" }).click();
    await page.getByLabel(/User/).fill(ana.username);
    await page.getByLabel(/Conversation/).fill(group.id);
    await page.getByLabel(/Message/).fill(String(sent.seq));
    await page.getByRole("button", { name: "Explain" }).click();
    await page.getByRole("heading", { name: /^offline: / }).waitFor({ timeout: WAIT_MS });
    assert.equal((await page.content()).includes("secret"), false);
    assert.equal(page.url().includes(TOKEN), false);
    assert.deepEqual(page.problems, []);
    await page.context().close();
  });
}

journey("a wrong token shows nothing, and logging out ends the access", async () => {
  const page = await open(null, addressOf("/ops/actors"));
  await page.getByLabel("Token").fill("x".repeat(20));
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("alert").waitFor({ timeout: WAIT_MS });
  await page.getByLabel("Token").fill(TOKEN);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("heading", { name: "Instances" }).waitFor({ timeout: WAIT_MS });
  const cookies = await page.context().cookies();
  assert.deepEqual(
    cookies.map(({ name, httpOnly, sameSite, path }) => ({ name, httpOnly, sameSite, path })),
    [{ name: "convene_ops", httpOnly: true, sameSite: "Strict", path: "/ops" }],
  );
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByLabel("Token").waitFor({ timeout: WAIT_MS });
  await page.goto(addressOf("/ops/explain"));
  await page.getByLabel("Token").waitFor({ timeout: WAIT_MS });
  await page.context().close();
});

for (const colorScheme of ["light", "dark"]) {
  journey(`axe finds nothing on the pages, ${colorScheme}`, async () => {
    const ana = await server.createUser("Ana");
    const group = await server.createGroup(ana, [await server.createUser("Ben")]);
    const { seq } = await server.send(group, ana, "a text");
    const anonymous = await open(null, addressOf("/ops"), { colorScheme });
    await anonymous.getByLabel("Token").waitFor({ timeout: WAIT_MS });
    assert.deepEqual(await axeFindings(anonymous), [], "axe at the login");
    await anonymous.context().close();
    const reader = await open(ana, "/#/", { colorScheme });
    const page = await logIn({ colorScheme });
    await page.goto(addressOf("/ops/actors"));
    const session = await page.locator('a[href^="/ops/sessions/"]').first().getAttribute("href");
    const explained = `user=${ana.username}&conversation=${group.id}&seq=${seq}`;
    for (const path of [
      "/ops",
      "/ops/actors",
      session,
      `/ops/conversations/${group.id}`,
      "/ops/explain",
      `/ops/explain?${explained}`,
    ]) {
      await page.goto(addressOf(path));
      assert.deepEqual(await axeFindings(page), [], `axe at ${path}`);
    }
    await page.context().close();
    await reader.context().close();
  });
}

journey("a narrow page scrolls its tables, not itself", async () => {
  const page = await logIn({ viewport: { width: 360, height: 700 } });
  const [width, inner] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(width <= inner, `${width} > ${inner}`);
  await page.context().close();
});
