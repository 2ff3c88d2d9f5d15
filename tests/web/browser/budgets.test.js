// What the first and later loads cost in Chromium: requests, bytes, and time on a slow line.

import assert from "node:assert/strict";
import { setUp } from "./setup.js";

const LINE = { offline: false, latency: 400, downloadThroughput: 50_000, uploadThroughput: 50_000 };
const COLD_REQUESTS = 15;
const COLD_BYTES = 68_000;
const WARM_BYTES = 12_000;
// The goals are 2.5 s and 1 s; the machine that runs this is busy.
const COLD_MS = 5_000;
const WARM_MS = 2_500;

let page;

const { server, open, journey } = setUp(async () => {
  const ana = await server.createUser("Ana Alvarez");
  page = await open(ana, "/docs", { serviceWorkers: "block" });
});

// Loads the client and returns {requests, bytes, ms}: until the network is idle, and until the frame is shown.
async function load() {
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Network.emulateNetworkConditions", LINE);
  const cost = { requests: 0, bytes: 0 };
  session.on("Network.requestWillBeSent", ({ request }) => (cost.requests += request.url.startsWith("http")));
  session.on("Network.loadingFinished", ({ encodedDataLength }) => (cost.bytes += encodedDataLength));
  const start = Date.now();
  await page.goto("about:blank");
  await page.goto(`${server.url}/#/`, { waitUntil: "commit" });
  await page.getByRole("navigation", { name: "Main" }).waitFor();
  cost.ms = Date.now() - start;
  await page.waitForLoadState("networkidle");
  await session.detach();
  return cost;
}

journey("the first load and a later one are small and quick", async (t) => {
  const cold = await load();
  const warm = await load();
  t.diagnostic(`cold ${JSON.stringify(cold)}, warm ${JSON.stringify(warm)}`);
  assert.ok(
    cold.requests <= COLD_REQUESTS && cold.bytes <= COLD_BYTES && cold.ms <= COLD_MS,
    JSON.stringify(cold),
  );
  assert.ok(warm.bytes <= WARM_BYTES && warm.ms <= WARM_MS, JSON.stringify(warm));
});
