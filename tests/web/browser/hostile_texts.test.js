// Markup in every text that users and moderators write is shown as text, in every view, in Chromium against a
// real server. Run by `make test-browser`.

import assert from "node:assert/strict";
import { setUp } from "./setup.js";

const HOUR = 3_600_000;
const SHOWN = "<img src=x";
const PROTOCOLS = ["http:", "https:", "webcal:"];
let eve;
let ana;
let views;

// Markup that would run a script, with a name that tells where it came from. At most 100 characters.
function markup(name) {
  return `<img src=x onerror="document.title='${name}'"><script>document.title='${name}'</script>`;
}

function request(user, method, path, body) {
  return server.request(method, path, { token: user.token, body });
}

const { server, open, journey } = setUp(async () => {
  ana = await server.createUser("Ana");
  eve = await server.createUser("Eve");
  await server.moderate("role", ana.username, "admin");
  await request(ana, "PUT", `/v1/users/${eve.id}/follow`);
  await request(eve, "PUT", `/v1/users/${ana.id}/follow`);
  await request(eve, "PATCH", "/v1/users/me", { display_name: markup("name"), bio: markup("bio") });

  const group = await server.createGroup(eve, [ana], markup("group"));
  await server.send(group, eve, `${markup("message")} javascript:alert(1) https://example.org/"onclick=alert(1)`);

  const post = await request(eve, "POST", "/v1/posts", { content: `${markup("post")} @${ana.username}` });
  const own = await request(ana, "POST", "/v1/posts", { content: "a post" });
  await request(eve, "POST", `/v1/posts/${own.id}/repost`, { content: markup("quote") });
  const comments = `/v1/posts/${own.id}/comments`;
  const comment = await request(eve, "POST", comments, { content: markup("comment") });
  await request(eve, "POST", comments, { content: markup("reply"), parent_id: comment.id });

  const start = Date.now() + 48 * HOUR;
  const event = await request(eve, "POST", "/v1/events", {
    title: markup("title"),
    description: markup("description"),
    category: "OUTDOORS",
    capacity: 5,
    start_datetime: new Date(start).toISOString(),
    end_datetime: new Date(start + HOUR).toISOString(),
    place: { name: markup("place"), address: markup("address") },
    url: "https://example.org/?'onclick='alert(1)'",
  });
  await request(ana, "PUT", `/v1/events/${event.id}/rsvp`, { status: "GOING" });
  await request(eve, "POST", `/v1/events/${event.id}/announcements`, { content: markup("announcement") });
  await request(eve, "POST", `/v1/events/${event.id}/cancellation`, { reason: markup("cancellation") });

  await request(eve, "POST", "/v1/reports", { kind: "post", id: own.id, reason: markup("reason") });
  await request(ana, "POST", "/v1/reports", { kind: "user", id: eve.id, reason: markup("reason") });
  const reports = (await request(ana, "GET", "/v1/admin/reports")).items;
  const resolution = { resolution: markup("resolution") };
  await request(ana, "PUT", `/v1/admin/reports/${reports[1].id}/resolution`, resolution);
  const actions = [];
  for (const _ of [0, 1]) {
    const warning = { type: "warn", kind: "user", id: eve.id, reason: markup("warning") };
    actions.push(await request(ana, "POST", "/v1/admin/actions", warning));
  }
  const appeals = [];
  for (const { id } of actions)
    appeals.push(await request(eve, "POST", "/v1/appeals", { action_id: id, content: markup("appeal") }));
  const answer = { accepted: false, answer: markup("answer") };
  await request(ana, "PUT", `/v1/admin/appeals/${appeals[0].id}/answer`, answer);

  views = [
    [ana, "#/", 2],
    [ana, `#/@${eve.username}`, 3],
    [ana, "#/people", 1],
    [ana, `#/post/${post.id}`, 2],
    [ana, `#/post/${own.id}`, 2],
    [ana, "#/public", 2],
    [ana, "#/events", 1],
    [ana, `#/event/${event.id}`, 5],
    [ana, "#/messages", 2],
    [ana, `#/messages/${group.id}`, 3],
    [ana, "#/notifications", 2],
    [ana, `#/moderation/report/${reports[0].id}`, 1],
    [ana, `#/moderation/report/${reports[1].id}`, 3],
    [ana, "#/moderation", 1],
    [ana, "#/moderation/appeals", 2],
    [ana, "#/moderation/audit", 4],
    [eve, "#/actions", 4],
    [eve, "#/settings", 0],
    [eve, `#/event/${event.id}/edit`, 0],
    [eve, "#/notifications", 2],
  ];
});

journey("markup in any text is shown as text in every view", async () => {
  const pages = new Map();
  for (const [user, route, count] of views) {
    if (!pages.has(user)) pages.set(user, await open(user, "/#/"));
    const page = pages.get(user);
    await page.goto(`${server.url}/${route}`);
    await page.locator('main:not([aria-busy="true"])').waitFor();
    const shown = page.locator("main").getByText(SHOWN);
    if (count > 0)
      await shown
        .nth(count - 1)
        .waitFor()
        .catch(async () => assert.fail(`${route} shows ${await shown.count()} of ${count} texts`));
    await page.waitForLoadState("networkidle");
    const elements = page.locator('img[src="x"], body script, [onerror], [onclick]');
    assert.equal(await elements.count(), 0, `markup at ${route}`);
    const protocols = await page.locator("a[href]").evaluateAll((all) => all.map((one) => one.protocol));
    assert.ok(protocols.every((protocol) => PROTOCOLS.includes(protocol)), `${protocols} at ${route}`);
    assert.match(await page.title(), /Convene/, `the title at ${route}`);
  }
  for (const page of pages.values()) assert.deepEqual(page.problems, []);
});

journey("text of users never becomes markup", async () => {
  const attack = `<img src=x onerror="document.title='attacked'"><script>document.title='attacked'</script>`;
  const eve = await server.createUser("Eve");
  const body = { display_name: `${attack.slice(0, 60)}`, bio: attack };
  await server.request("PATCH", "/v1/users/me", { token: eve.token, body });
  const conversation = await server.createGroup(eve, [ana], attack.slice(0, 90));
  await server.send(conversation, eve, `${attack} javascript:alert(1) https://example.org/"onclick=alert(1)`);
  await server.request("POST", "/v1/posts", { token: eve.token, body: { content: attack } });
  const page = await open(ana, `/#/messages/${conversation.id}`);
  await page.locator(".bubble").first().waitFor();
  for (const address of ["", `/#/@${eve.username}`, "/#/messages"]) {
    if (address) await page.goto(server.url + address);
    await page.locator("main").getByText("<img src=x").first().waitFor();
    assert.equal(await page.locator("main img, main script").count(), 0);
    const links = await page.locator("main a").evaluateAll((all) => all.map((one) => one.protocol));
    assert.ok(links.every((protocol) => ["http:", "https:"].includes(protocol)));
    assert.ok(!(await page.title()).includes("attacked"));
  }
  assert.deepEqual(page.problems, []);
});
