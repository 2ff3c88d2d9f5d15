// Accessibility of a page, checked by axe.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"];

// Returns what axe finds in the page, a line each.
export async function axeFindings(page) {
  await page.evaluate(AXE);
  return page.evaluate(findings, RULES);
}

// Run in the page.
async function findings(rules) {
  const { violations } = await globalThis.axe.run({ runOnly: rules });
  return violations.map((one) => `${one.id}: ${one.nodes[0].html.slice(0, 120)}`);
}
