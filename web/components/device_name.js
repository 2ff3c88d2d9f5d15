// The name of what logged in, from the server, in the language of the client: "Firefox on Android".

import { t } from "../i18n.js";

const BROWSER_ON_SYSTEM = /^(.+) on (.+)$/;

// `device`: as in `GET /v1/sessions`, or null.
export function deviceName(device) {
  if (!device) return t("settings.unknown_device");
  const [, browser, system] = BROWSER_ON_SYSTEM.exec(device) ?? [];
  return browser === undefined ? device : t("settings.browser_on", { browser, system });
}
