// Chromium with pages that are logged in. CONVENE_CHROMIUM names the executable.

import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const EXECUTABLE = process.env.CONVENE_CHROMIUM ?? "/usr/bin/chromium";
// A busy machine takes many times longer than a quiet one.
const TIMEOUT_MS = 60_000;
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const skipped = existsSync(EXECUTABLE) ? false : `${EXECUTABLE} is not installed`;

export function launch() {
  return chromium.launch({ executablePath: EXECUTABLE, args: ARGUMENTS });
}

// A page in a separate context, logged in if there is a `user`. `page.problems` collects script errors and violations of the policy.
export async function openPage(browser, url, user, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  if (user) {
    const { token, id, username, display_name } = user;
    const stored = { token, user: { id, username, display_name, avatar_url: null, verified: false } };
    await context.addInitScript(
      ([key, value]) => localStorage.setItem(key, value),
      ["convene.credentials", JSON.stringify(stored)],
    );
  }
  context.setDefaultTimeout(TIMEOUT_MS);
  const page = await context.newPage();
  page.problems = [];
  page.on("pageerror", (error) => page.problems.push(String(error)));
  page.on("console", (message) => {
    const text = message.text();
    if (message.type() === "error" && !/net::|Failed to load resource/.test(text)) page.problems.push(text);
  });
  await page.goto(url);
  return page;
}

export function texts(page) {
  return page.locator(".message:not(.unsent) .bubble .content").allInnerTexts();
}

// The panel of a page with that title.
export function panel(page, title) {
  return page.locator("section.panel", { has: page.getByRole("heading", { name: title, exact: true }) });
}

// The first and the last seq of the rows that are in the page.
export async function window(page) {
  const rows = page.locator("[data-seq]");
  const [first, last] = [rows.first(), rows.last()];
  return [Number(await first.getAttribute("data-seq")), Number(await last.getAttribute("data-seq"))];
}
