// The name of a browser and its system, from its `User-Agent` header. Only for people: it says nothing about what the
// browser can do.

import { t } from "../i18n.js";

// In this order: browsers also name those that they are compatible with.
const BROWSERS = [
  [/\bEdgA?\//, "Edge"],
  [/\bOPR\//, "Opera"],
  [/\bSamsungBrowser\//, "Samsung Internet"],
  [/\b(?:Firefox|FxiOS)\//, "Firefox"],
  [/\b(?:Chrome|CriOS|Chromium)\//, "Chrome"],
  [/\bSafari\//, "Safari"],
];
const SYSTEMS = [
  [/\bAndroid\b/, "Android"],
  [/\biPhone\b/, "iPhone"],
  [/\biPad\b/, "iPad"],
  [/\bWindows\b/, "Windows"],
  [/\bCrOS\b/, "ChromeOS"],
  [/\bMac OS X\b/, "macOS"],
  [/\bLinux\b/, "Linux"],
];

// "Firefox on Windows", or null if the browser is unknown.
export function browserName(userAgent) {
  const browser = firstOf(BROWSERS, userAgent);
  const system = firstOf(SYSTEMS, userAgent);
  if (browser === null) return null;
  return system === null ? browser : t("settings.browser_on", { browser, system });
}

function firstOf(names, userAgent) {
  return names.find(([form]) => form.test(userAgent))?.[1] ?? null;
}
