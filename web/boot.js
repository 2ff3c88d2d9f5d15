// The first script of the page: loads the texts of the user's language while the page loads `app.js`, and then
// runs that.

import { preferredLanguage, setTexts, storedLanguage } from "./i18n.js";

const LOCALES = { de: "/web/locales/de.json", en: "/web/locales/en.json" };
// Shown if no texts can be loaded.
const FAILED = {
  de: "Convene kann nicht geladen werden. Prüfe deine Verbindung und lade die Seite neu.",
  en: "Convene can't be loaded. Check your connection and reload the page.",
};

// The script is `async`, so it can be ready before the elements that it fills.
async function pageParsed() {
  if (document.readyState !== "loading") return;
  await new Promise((resolve) => document.addEventListener("DOMContentLoaded", resolve, { once: true }));
}

async function start(language) {
  document.documentElement.lang = language;
  try {
    const response = await fetch(LOCALES[language], { credentials: "omit" });
    if (!response.ok) throw new Error(`status ${response.status}`);
    setTexts(language, await response.json());
    const { run } = await import("./app.js");
    await pageParsed();
    run({ textsAddress: LOCALES[language] });
  } catch (error) {
    await pageParsed();
    document.getElementById("app").textContent = FAILED[language];
    throw error;
  }
}

start(storedLanguage() ?? preferredLanguage());
