// Requests that are repeated, and those that are not.

import assert from "node:assert/strict";
import { test } from "node:test";
import "./texts.js";
import { Api } from "../../web/network/api.js";
import { settle, VirtualTime } from "./virtual_time.js";

const CREDENTIALS = { token: "token" };

// `answers`: the statuses of the next responses.
function started(context, answers) {
  const time = new VirtualTime();
  time.install();
  const { fetch } = globalThis;
  const asked = [];
  globalThis.fetch = async (path, { method }) => {
    asked.push(`${method} ${path}`);
    const status = answers.shift();
    return new Response(status === 200 ? "{}" : "<html>", { status });
  };
  context.after(() => {
    time.uninstall();
    globalThis.fetch = fetch;
  });
  const pass = async () => {
    await settle();
    while (time.runNext()) await settle();
  };
  return { api: new Api(CREDENTIALS), asked, pass };
}

test("a proxy that reaches no server is asked again", async (context) => {
  const { api, asked, pass } = started(context, [502, 504, 200]);
  const answer = api.get("/v1/feed");
  await pass();
  assert.deepEqual(await answer, {});
  assert.equal(asked.length, 3);
});

test("the error of a proxy says to try again soon", async (context) => {
  const { api, pass } = started(context, [502, 502, 502]);
  const refused = assert.rejects(api.get("/v1/feed"), {
    code: "server.unavailable",
    message: "This does not work at the moment. Try again soon.",
  });
  await pass();
  await refused;
});

test("a login is sent once", async (context) => {
  const { api, asked, pass } = started(context, [502]);
  const refused = assert.rejects(api.post("/v1/sessions", {}), { status: 502 });
  await pass();
  await refused;
  assert.equal(asked.length, 1);
});

test("a request that is cancelled while it waits is not sent again", async (context) => {
  const { api, asked, pass } = started(context, [503, 200]);
  const abort = new AbortController();
  const cancelled = assert.rejects(api.get("/v1/users", {}, { signal: abort.signal }), { name: "AbortError" });
  await settle();
  abort.abort();
  await pass();
  await cancelled;
  assert.equal(asked.length, 1);
});
