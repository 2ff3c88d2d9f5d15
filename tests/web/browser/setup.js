// The server and the browser of one file of tests.

import { after, before, test } from "node:test";
import { launch, openPage, skipped } from "./chromium.js";
import { Server } from "./server.js";

// A busy machine takes many times longer than a quiet one.
const TIMEOUT_MS = 300_000;

// Starts both before the tests of the file, and runs `prepare()` then. `environment`: variables of the server. `instances`:
// with two, pages show on the second one what `server.request` does on the first. `skip`: a reason to run nothing of it, or
// false. Returns
//
//     server                         see `server.js`
//     open(user, address, options)   opens a page, see `openPage`
//     journey(name, run)             declares a test
export function setUp(prepare = () => null, { environment = {}, instances = 1, skip = skipped } = {}) {
  const server = new Server(environment, instances);
  let browser = null;

  before(async () => {
    if (skip) return;
    await server.start();
    browser = await launch();
    await prepare();
  });

  after(async () => {
    if (skip) return;
    await browser?.close();
    await server.remove();
  });

  return {
    server,
    open: (user, address, options) => openPage(browser, new URL(address, server.url).href, user, options),
    journey: (name, run) => test(name, { skip, timeout: TIMEOUT_MS }, run),
  };
}
